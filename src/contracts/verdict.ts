import type { EventDraft } from './event.ts';
import type { Edge, JobRef } from './job.ts';
import type { TaskResult } from './result.ts';
import type { Stop } from './run.ts';

/** A task's result, and everything that is done in one step with recording it. */
export type Settlement = {
  readonly run: string;
  readonly epoch: number;
  readonly result: TaskResult;
  /** What is said with it, in order; the result's own event last. Short texts only: they are not counted as the stream's bytes. */
  readonly events: readonly EventDraft[];
  readonly job: JobRef;
  /** Dependents whose edge is ours: BullMQ resolves the first one with the job's completion, unless a join counts it. */
  readonly edges: readonly Edge[];
  readonly tree: boolean;
  /** What the run is told when this task did not complete; undefined lets it go on. */
  readonly stop: Stop | undefined;
};

/**
 * What a processor says of its job at the end. `again` hands it back without counting a failure; a thrown error does the same
 * after BullMQ's own pause.
 */
export type Verdict =
  | { readonly kind: 'done'; readonly status: string }
  /** Done when its task's result is recorded, which is one step with the job's own end. */
  | {
      readonly kind: 'settle';
      readonly settlement: Settlement;
      /** Hears that this very result was recorded. */
      readonly onCounted?: (() => void) | undefined;
    }
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'again'; readonly delayMs: number }
  /** Steps out without holding a slot until what is in its dependency set has gone; when nothing is, it comes back after `elseMs`. */
  | { readonly kind: 'wait'; readonly elseMs?: number };

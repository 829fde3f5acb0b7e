import { z } from 'zod';
import { Capability } from './agent.ts';
import { SubTask } from './plan.ts';

/** The queue that plans runs; any worker process serves it. */
export const ORCHESTRATOR_QUEUE = 'orchestrator';
/** The queue that closes cancelled runs and removes old ones; any worker process serves it. */
export const HOUSEKEEPING_QUEUE = 'housekeeping';
/** The queue of root jobs: one per run, the synthesis. */
export const ROOT_QUEUE = 'root';

export function queueOf(capability: Capability): string {
  return `cap-${capability}`;
}

export const agentQueues: readonly string[] = Capability.options.map(queueOf);

/** A BullMQ job of ours: its queue and its id there. */
export const JobRef = z.object({ queue: z.string(), id: z.string() });
export type JobRef = z.infer<typeof JobRef>;

/** Job ids are ours and deterministic, so that adding one twice is harmless. */
export const jobIds = {
  root: (run: string): string => `${run}.root`,
  task: (run: string, index: number): string => `${run}.${index}`,
  plan: (run: string): string => `${run}.plan`,
  close: (run: string): string => `${run}.close`,
  remove: (run: string): string => `${run}.remove`,
};

/** Data of a task's job. `edges` are the dependents whose edge is ours to resolve; `tree` shows them in bull-board. */
export const TaskJob = z.object({ run_id: z.string(), task: SubTask, edges: z.array(JobRef), tree: z.boolean() });
export type TaskJob = z.infer<typeof TaskJob>;

/**
 * One task of a multi-parent flow. `parent` is its first dependent, or the root: BullMQ resolves that edge itself, with the job's
 * completion. `edges` are its other dependents: settle resolves those. `waitsFor` are the jobs of its dependencies.
 */
export type FlowNode = {
  readonly task: SubTask;
  readonly job: JobRef;
  readonly parent: JobRef;
  readonly edges: readonly JobRef[];
  readonly waitsFor: readonly JobRef[];
};

/** A plan as jobs: dependencies before dependents. `tree` is false when bull-board would unfold too many paths. */
export type FlowGraph = {
  readonly nodes: readonly FlowNode[];
  readonly root: JobRef;
  readonly rootWaitsFor: readonly JobRef[];
  readonly tree: boolean;
};

/** Data of a run-level job: plan, close after a cancel, remove after retention, or the root. */
export const RunJob = z.object({ run_id: z.string() });
export type RunJob = z.infer<typeof RunJob>;

/** What a run-level job does: plan the run, end it after a cancel, or remove it after its retention. */
export type RunJobName = 'plan' | 'close' | 'remove';

/**
 * What a processor says of its job at the end. `again` hands it back without counting a failure; a thrown error does the same
 * after BullMQ's own pause.
 */
export type Verdict =
  | { readonly kind: 'done'; readonly status: string }
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'again'; readonly delayMs: number };

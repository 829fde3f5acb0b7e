import { BatonError } from '../contracts/error.ts';
import type { TaskResult } from '../contracts/result.ts';
import type { Settlement, Verdict } from '../contracts/verdict.ts';
import { recordResult } from '../flow/record-result.ts';
import { stopAfter } from '../plan/failure-stop.ts';
import type { Work } from './attempt.ts';
import { wouldFailRun } from './replan-fails.ts';
import { resultEvents } from './task-events.ts';

/** What an attempt has to record. */
export type Settling = {
  readonly epoch: number;
  readonly result: TaskResult;
  /** A human shall see it first, whatever the task's approval says. */
  readonly asks?: boolean;
  /** Hears that this very result was recorded, and not another one before it. */
  readonly onCounted?: (() => void) | undefined;
};

/**
 * Records a task's result, in one step with its events and edges. Only then may the job return. What was recorded before by another
 * attempt is what counts. A result that the run cannot go on without ends it.
 */
export async function settle(work: Work, settling: Settling): Promise<Verdict> {
  const recorded = await recordResult(work.tools.flow, await settlementOf(work, settling));
  if (recorded === undefined) throw new BatonError('lock_lost');
  if (recorded === settling.result) settling.onCounted?.();
  return verdictOf(recorded);
}

/**
 * The same for a result of which nothing follows but the job's end: recorded with that, in one step, once the processor has returned.
 * Any other one is recorded here and now.
 */
export async function settleAtEnd(work: Work, settling: Settling): Promise<Verdict> {
  const isPlain = settling.result.status === 'completed' && work.data.edges.every(({ join }) => join === undefined);
  if (!isPlain) return settle(work, settling);
  return { kind: 'settle', settlement: await settlementOf(work, settling), onCounted: settling.onCounted };
}

async function settlementOf({ tools, data, job }: Work, { epoch, result }: Settling): Promise<Settlement> {
  const { run_id: run, task, edges, tree } = data;
  const failsRun = result.status !== 'completed' && (await wouldFailRun(tools.flow.store, data));
  const stop = stopAfter({ task, failsRun }, result);
  return { run, epoch, result, events: resultEvents(result), job, edges, tree, stop };
}

/** A job's verdict when its task's result is recorded. */
function verdictOf({ status, error }: TaskResult): Verdict {
  return status === 'failed' ? { kind: 'failed', message: error?.message ?? 'failed' } : { kind: 'done', status };
}

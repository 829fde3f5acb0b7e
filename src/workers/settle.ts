import { BatonError } from '../contracts/error.ts';
import type { TaskJob } from '../contracts/job.ts';
import { defaults } from '../contracts/limits.ts';
import type { TaskResult } from '../contracts/result.ts';
import type { Stop } from '../contracts/run.ts';
import type { Verdict } from '../contracts/verdict.ts';
import { addGraceTimers } from '../flow/join-timers.ts';
import { addRunJob } from '../flow/run-jobs.ts';
import { settleTask } from '../flow/settle.ts';
import type { Work } from './attempt.ts';
import { resultEvents } from './task-events.ts';

/**
 * Records a task's result, in one step with its events and edges. Only then may the job return. What was recorded before by another
 * attempt is what counts. A result that the run cannot go on without ends it.
 */
export async function settle(work: Work, { epoch, result }: { epoch: number; result: TaskResult }): Promise<Verdict> {
  const { tools, data, job } = work;
  const { run_id: run, edges, tree } = data;
  const stop = result.status === 'completed' ? undefined : stopAfter(data, result);
  const events = resultEvents(result);
  const settled = await settleTask(tools.flow.store, { run, epoch, result, events, job, edges, tree, stop });
  if (settled === undefined) throw new BatonError('lock_lost');
  await addGraceTimers(tools.flow, data, settled.graces);
  if (stop !== undefined) await addRunJob(tools.flow, 'close', { run, delayMs: defaults.cancelCloseMs });
  return verdictOf(settled.result);
}

/**
 * The same for a result of which nothing follows but the job's end: recorded with that, in one step, once the processor has returned.
 * Any other one is recorded here and now.
 */
export async function settleAtEnd(
  work: Work,
  { epoch, result }: { epoch: number; result: TaskResult },
): Promise<Verdict> {
  const { data, job } = work;
  const { run_id: run, edges, tree } = data;
  const isPlain = result.status === 'completed' && edges.every(({ join }) => join === undefined);
  if (!isPlain) return settle(work, { epoch, result });
  const events = resultEvents(result);
  return { kind: 'settle', settlement: { run, epoch, result, events, job, edges, tree, stop: undefined } };
}

/** Why the run fails with this task: one that depends on it says so, or it says so of its own dependencies. */
function stopAfter({ task, fails_run }: TaskJob, { status, error }: TaskResult): Stop | undefined {
  if (error?.code === 'late') return undefined; // a join went on without it: nothing that still waits needs it
  const isBlocked = task.on_dependency_failure === 'fail' && error?.code === 'dependency_failed';
  if (fails_run !== true && !isBlocked) return undefined;
  const message = `The run cannot go on without ${task.task_id}, which ${status === 'failed' ? 'failed' : 'was skipped'}`;
  return { as: 'failed', code: 'dependency_failed', message: `${message}: ${error?.message ?? 'no reason recorded'}` };
}

/** A job's verdict when its task's result is recorded. */
function verdictOf({ status, error }: TaskResult): Verdict {
  return status === 'failed' ? { kind: 'failed', message: error?.message ?? 'failed' } : { kind: 'done', status };
}

import { defaults } from '../contracts/limits.ts';
import type { TaskResult } from '../contracts/result.ts';
import type { Settlement } from '../contracts/verdict.ts';
import type { Flow } from './flow.ts';
import { addGraceTimers } from './join-timers.ts';
import { addRunJob } from './run-jobs.ts';
import { settleTask } from './settle.ts';

/**
 * Records a task's result (settleTask), then adds the jobs that follow from it: the ends of joins' graces, and the end of a run that
 * cannot go on. Gives back the result that counts; undefined when a newer attempt owns the task.
 */
export async function recordResult(flow: Flow, settlement: Settlement): Promise<TaskResult | undefined> {
  const settled = await settleTask(flow.store, settlement);
  if (settled === undefined) return undefined;
  await addGraceTimers(flow, settlement, settled.graces);
  const { run, stop } = settlement;
  if (stop !== undefined) await addRunJob(flow, 'close', { run, delayMs: defaults.cancelCloseMs });
  return settled.result;
}

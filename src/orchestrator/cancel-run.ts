import { defaults } from '../contracts/limits.ts';
import { isTerminal, type RunStatus } from '../contracts/run.ts';
import type { Flow } from '../flow/flow.ts';
import { addRunJob } from '../flow/run-jobs.ts';
import { requestCancel } from '../journal/cancel.ts';
import { closeCancelled } from '../journal/close.ts';

/**
 * Asks for a run's end. What runs is aborted, what waits settles as skipped, and the run closes when all have settled, at the
 * latest defaults.cancelCloseMs later. The status it stood at (a terminal one: nothing was done), or undefined for no such run.
 */
export async function cancelRun(flow: Flow, run: string): Promise<RunStatus | undefined> {
  const status = await requestCancel(flow.store, run, 'cancelled by request');
  if (status === undefined || isTerminal(status)) return status;
  // Before there are tasks that could settle, nothing is waited for. The job comes first: should this process die, it ends the run.
  const early = status === 'queued' || status === 'planning';
  await addRunJob(flow, 'close', { run, delayMs: early ? 0 : defaults.cancelCloseMs });
  if (early) await closeCancelled(flow.store, run);
  return status;
}

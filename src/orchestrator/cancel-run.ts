import { defaults } from '../contracts/limits.ts';
import { isTerminal, type RunStatus, type Stop } from '../contracts/run.ts';
import type { Flow } from '../flow/flow.ts';
import { addRunJob } from '../flow/run-jobs.ts';
import { requestStop } from '../flow/stop.ts';
import { endStopped } from './end-stopped.ts';

const cancelled: Stop = { as: 'cancelled', code: 'cancelled', message: 'cancelled by request' };

/**
 * Asks for a run's end. What runs is aborted, what waits settles as skipped, and the run closes when all have settled, at the
 * latest defaults.cancelCloseMs later. The status it stood at (a terminal one: nothing was done), or undefined for no such run.
 */
export function cancelRun(flow: Flow, run: string): Promise<RunStatus | undefined> {
  return stopRun(flow, run, cancelled);
}

/** The same for any reason to stop, of which the first one counts; the run ends as that says. */
export async function stopRun(flow: Flow, run: string, stop: Stop): Promise<RunStatus | undefined> {
  const status = await requestStop(flow.store, run, stop);
  if (status === undefined || isTerminal(status)) return status;
  // Before there are tasks that could settle, nothing is waited for. The job comes first: should this process die, it ends the run.
  const early = status === 'queued' || status === 'planning';
  await addRunJob(flow, 'close', { run, delayMs: early ? 0 : defaults.cancelCloseMs });
  if (early) await endStopped(flow, run);
  return status;
}

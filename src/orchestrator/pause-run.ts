import type { RunStatus } from '../contracts/run.ts';
import type { Flow } from '../flow/flow.ts';
import { requestPause, requestResume } from '../flow/pause.ts';

/** Lets nothing new of a run begin; what runs goes on. The status it stands at (a terminal one: nothing was done), or undefined for no such run. */
export function pauseRun({ store }: Flow, run: string): Promise<RunStatus | undefined> {
  return requestPause(store, run);
}

/** Ends a pause; a run that is not paused is left as it is. The status it stands at, or undefined for no such run. */
export function resumeRun({ store }: Flow, run: string): Promise<RunStatus | undefined> {
  return requestResume(store, run);
}

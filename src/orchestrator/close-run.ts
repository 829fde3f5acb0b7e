import type { Verdict } from '../contracts/verdict.ts';
import type { Flow } from '../flow/flow.ts';
import { endStopped } from './end-stopped.ts';

/** The close job of a run that was told to stop: ends it, whatever its tasks do. */
export async function closeStoppedRun(flow: Flow, run: string): Promise<Verdict> {
  await endStopped(flow, run);
  return { kind: 'done', status: 'closed' };
}

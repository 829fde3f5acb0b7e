import type { Verdict } from '../contracts/verdict.ts';
import type { Flow } from '../flow/flow.ts';
import { closeStopped } from './close-stopped.ts';

/** The close job of a run that was told to stop: ends it, whatever its tasks do. */
export async function closeStoppedRun({ store }: Flow, run: string): Promise<Verdict> {
  await closeStopped(store, run);
  return { kind: 'done', status: 'closed' };
}

import type { Flow } from '../flow/flow.ts';
import { closeStopped } from './close-stopped.ts';
import { startNextAfter } from './session-next.ts';

/** Ends a run as its stop says, and lets the next one of its session begin. Repeating it is harmless. */
export async function endStopped(flow: Flow, run: string): Promise<void> {
  await closeStopped(flow.store, run);
  await startNextAfter(flow, run);
}

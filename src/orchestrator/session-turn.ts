import type { Stop } from '../contracts/run.ts';
import type { SessionPlace } from '../contracts/session.ts';
import type { Flow } from '../flow/flow.ts';
import { loadTurn, type Turn } from '../journal/session.ts';
import { stopRun } from './cancel-run.ts';
import { startNext } from './session-next.ts';

const superseded: Stop = {
  as: 'cancelled',
  code: 'cancelled',
  message: 'cancelled: a newer run of its session takes its place',
};

/**
 * Does what a run's place in its session asks for: stops those before it, if it is to take their place, and lets whoever is first
 * begin. True while, or when, it waited for its turn: then its plan job is not the caller's to add. Repeating it is harmless.
 */
export async function takeTurn(flow: Flow, run: string, place: SessionPlace): Promise<boolean> {
  const { waits, going } = await loadTurn(flow.store, place.id, run);
  if (!waits) return false;
  if (place.on_busy === 'cancel_previous') for (const each of going) await stopRun(flow, each, superseded);
  await startNext(flow, place.id);
  return true;
}

/** Whether somebody must act for a run that waits: nobody is before it, or it is to take their place and they go on. */
export function isDue({ waits, ahead, going }: Turn, { on_busy }: SessionPlace): boolean {
  return waits && (ahead === 0 || (on_busy === 'cancel_previous' && going.length > 0));
}

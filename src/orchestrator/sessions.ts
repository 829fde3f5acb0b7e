import { BatonError } from '../contracts/error.ts';
import type { SessionView } from '../contracts/session-view.ts';
import { forgetSession } from '../journal/session.ts';
import { listSessionRuns } from '../journal/session-runs.ts';
import type { Store } from '../journal/store.ts';
import { toSummary } from './view-run.ts';

/** One page of a session, newest run first. Throws session_not_found. */
export async function viewSession(
  store: Store,
  session: string,
  page: { readonly before: number | undefined; readonly limit: number },
): Promise<SessionView> {
  const found = await listSessionRuns(store, session, page);
  if (found === undefined) throw new BatonError('session_not_found');
  return {
    session_id: session,
    open: found.open,
    runs: found.runs.map(([id, head]) => toSummary(id, head)),
    next_cursor: found.next === null ? null : String(found.next),
  };
}

/** Forgets what was said in a session; its runs stay. Throws session_not_found, session_busy while one of them has not ended. */
export async function endSession(store: Store, session: string): Promise<void> {
  const outcome = await forgetSession(store, session);
  if (outcome === 'missing') throw new BatonError('session_not_found');
  if (outcome === 'busy')
    throw new BatonError('session_busy', 'The session has runs that have not ended: wait for them, or cancel them.');
}

import { type SessionTurn, sessionLimits } from '../contracts/session.ts';
import { loadEarlier } from './session.ts';
import type { Store } from './store.ts';

/** Bytes of one character in UTF-8, at most. */
const BYTES_PER_CHARACTER = 4;
const FIELDS = 3;

/**
 * The earlier turns of a run's session, oldest first: the last sessionLimits.historyRuns that have ended, each text cut to what all of
 * them may have together. Empty for a run without a session.
 */
export async function loadHistory(
  store: Store,
  run: string,
  place: { readonly id: string } | null,
): Promise<readonly SessionTurn[]> {
  if (place === null) return [];
  const most = { runs: sessionLimits.historyRuns, bytes: BYTES_PER_CHARACTER * sessionLimits.historyChars };
  const texts = await loadEarlier(store, { session: place.id, run }, most);
  const turns: SessionTurn[] = [];
  for (let at = 0; at < texts.length; at += FIELDS) {
    const [query = '', status, answer = ''] = texts.slice(at, at + FIELDS);
    const outcome = status === 'completed' || status === 'cancelled' ? status : 'failed';
    turns.unshift({ query, outcome, answer });
  }
  return turns;
}

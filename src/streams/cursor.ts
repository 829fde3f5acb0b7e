import { BatonError } from '../contracts/error.ts';
import { compareIds } from '../contracts/ids.ts';
import type { Store } from '../journal/store.ts';
import { loadPage, type StreamPage } from './page.ts';

/** Before every event. */
export const STREAM_START = '0-0';

/** Whether a reader may resume after an event id: `future` is beyond the stream's end, `trimmed` gets stream.gap first. */
export type CursorState = 'ok' | 'future' | 'trimmed';

/** Looks where `after`, a well-formed event id, lies in a run's stream. Throws run_not_found. */
export async function checkCursor(store: Store, run: string, after: string): Promise<CursorState> {
  const page = await loadPage(store, run, { after, most: 0 });
  if (page === undefined) throw new BatonError('run_not_found');
  if (compareIds(after, page.last) > 0) return 'future';
  return isBeforeKept(page, after) ? 'trimmed' : 'ok';
}

/**
 * Whether events after `position` are gone. Ids alone can't tell a reader that stands exactly at the last trimmed event from
 * one that stands before it: it is told of a gap too, which costs it a snapshot and no event.
 */
export function isBeforeKept({ first, trimmed }: StreamPage, position: string): boolean {
  return first !== '' && trimmed > 0 && compareIds(previousId(first), position) > 0;
}

/** The highest id below `id`: resuming after it gives `id` first. Within 16 digits, as EventId has them, and exact as a number. */
export function previousId(id: string): string {
  const [time = 0, sequence = 0] = id.split('-').map(Number);
  return sequence > 0 ? `${time}-${sequence - 1}` : `${time - 1}-${Number.MAX_SAFE_INTEGER}`;
}

import type { Timeline } from '../contracts/timeline.ts';
import { loadRecord } from '../journal/load-run.ts';
import type { Store } from '../journal/store.ts';
import { emptyTimeline, foldTimeline } from '../plan/fold-timeline.ts';
import { timelineOf } from '../plan/timeline.ts';
import { isBeforeKept, STREAM_START } from '../streams/cursor.ts';
import { gapEvent } from '../streams/gap-event.ts';
import { loadPage } from '../streams/page.ts';

const PAGE_EVENTS = 1_000;

/** A run's timeline up to its newest event, read page by page; undefined when there is no such run. */
export async function viewTimeline(store: Store, run: string): Promise<Timeline | undefined> {
  const state = emptyTimeline();
  for (let after = STREAM_START; ; ) {
    const page = await loadPage(store, run, { after, most: PAGE_EVENTS });
    if (page === undefined) return undefined;
    if (isBeforeKept(page, after)) {
      foldTimeline(state, gapEvent({ run, after, resumesAt: page.first, snapshot: null }));
    }
    for (const event of page.events) foldTimeline(state, event);
    const newest = page.events.at(-1)?.id;
    if (newest === undefined || newest === page.last) break;
    after = newest;
  }
  const record = await loadRecord(store, run);
  return record && timelineOf(state, record.plan);
}

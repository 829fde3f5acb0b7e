import { type InterruptView, interruptId, partsOf } from '../contracts/interrupt.ts';
import { limits } from '../contracts/limits.ts';
import { loadAskNames, loadQuestion, toInterruptView } from '../journal/load-asks.ts';
import type { Store } from '../journal/store.ts';

/** Index entries read at once. */
const CHUNK = 100;

/** The place behind a question in the list: its time in ms and its id. Stays right when questions are decided meanwhile. */
export type InterruptCursor = { readonly at: number; readonly id: string };

export type InterruptQuery = {
  readonly limit: number;
  readonly after: InterruptCursor | undefined;
  /** Of this run only. */
  readonly run: string | undefined;
};

export type InterruptPage = { readonly interrupts: readonly InterruptView[]; readonly next: InterruptCursor | null };

/** Open questions, newest first: at most `limit`, and fewer when their contents together are large. */
export async function listInterrupts(store: Store, query: InterruptQuery): Promise<InterruptPage> {
  const found: InterruptView[] = [];
  let chars = 0;
  for await (const { id } of placesAfter(store, query)) {
    const last = found.at(-1);
    const isFull = found.length === query.limit || chars > limits.contextBytes;
    if (isFull && last !== undefined) return { interrupts: found, next: cursorOf(last) };
    const { run, name } = partsOf(id);
    const question = await loadQuestion(store, run, name);
    if (question === undefined || question.resolution !== undefined) continue; // decided, or removed, since the index was read
    const view = toInterruptView(question);
    found.push(view);
    chars += view.content.length;
  }
  return { interrupts: found, next: null };
}

function cursorOf({ id, requested_at }: InterruptView): InterruptCursor {
  return { at: Date.parse(requested_at), id };
}

async function* placesAfter(store: Store, { after, run }: InterruptQuery): AsyncGenerator<InterruptCursor> {
  const places = run === undefined ? indexed(store, after) : ofRun(store, run);
  for await (const place of places) if (after === undefined || isBehind(place, after)) yield place;
}

/** As ZREVRANGE orders them: by time, then by id, both downwards. */
function isBehind(place: InterruptCursor, after: InterruptCursor): boolean {
  return place.at === after.at ? place.id < after.id : place.at < after.at;
}

/** Goes on behind the last place, not by a count: what is decided meanwhile leaves the index, and the rest moves up. */
async function* indexed({ redis, keys }: Store, after: InterruptCursor | undefined): AsyncGenerator<InterruptCursor> {
  let last = after;
  for (let count = CHUNK; ; ) {
    const top = last?.at ?? '+inf';
    const found = await redis.zrevrangebyscore(keys.interrupts, top, '-inf', 'WITHSCORES', 'LIMIT', 0, count);
    const places = toPlaces(found);
    const behind = places.filter((place) => last === undefined || isBehind(place, last));
    yield* behind;
    if (places.length < count) return;
    count = behind.length === 0 ? 2 * count : CHUNK; // as many were asked at this very moment
    last = behind.at(-1) ?? last;
  }
}

/** Members and their scores, one after the other. */
function toPlaces(found: readonly string[]): readonly InterruptCursor[] {
  return found.flatMap((id, index) => (index % 2 === 0 ? [{ id, at: Number(found[index + 1]) }] : []));
}

/** The index has no question of a run that has ended. */
async function* ofRun(store: Store, run: string): AsyncGenerator<InterruptCursor> {
  const { redis, keys } = store;
  const ids = (await loadAskNames(store, run)).map((name) => interruptId(run, name));
  const times = ids.length === 0 ? [] : await redis.zmscore(keys.interrupts, ...ids);
  const places = ids.flatMap((id, index) => (times[index] == null ? [] : [{ id, at: Number(times[index]) }]));
  yield* places.toSorted((a, b) => (isBehind(a, b) ? 1 : -1));
}

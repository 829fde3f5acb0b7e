// How a run is read live: its history, page by page, then what the shared reader hears, in one sequence without a seam.

import { BatonError } from '../contracts/error.ts';
import { isTerminalEvent, type StreamEvent } from '../contracts/event.ts';
import { compareIds } from '../contracts/ids.ts';
import { retry } from '../journal/retry.ts';
import type { Store } from '../journal/store.ts';
import { isBeforeKept, STREAM_START } from './cursor.ts';
import { gapEvent } from './gap-event.ts';
import { loadPage, type StreamPage } from './page.ts';
import { SharedReader, type SharedReaderOptions } from './shared-reader.ts';

/** How often a page is asked for: with the pauses between, at least six seconds in which Redis may restart. */
const PAGE_TRIES = 10;

export type StreamReaderOptions = SharedReaderOptions & {
  /** The run as a client sees it, put into stream.gap in place of events that were trimmed. Default: null. */
  readonly snapshot?: (run: string) => Promise<unknown>;
};

export type ReadOptions = {
  /** The id of the last event the reader has; without it the first event comes first. */
  readonly after?: string;
  /** Ends the reading, without an error, whatever it waits for. */
  readonly signal?: AbortSignal;
};

/** Reads runs for any number of readers over one blocking connection. */
export type StreamReader = AsyncDisposable & {
  /**
   * A run's events after `after`: history, then live, each once and in order (guarantees I3), up to the terminal event or the
   * signal. Where events were trimmed stands a stream.gap. Throws run_not_found when the run is not or no longer there,
   * draining when the reader closes, store_unavailable when Redis stays away while history is read.
   */
  readonly read: (run: string, options?: ReadOptions) => AsyncIterable<StreamEvent>;
  /** Ends all readings; the connections stay their owner's. */
  readonly close: () => Promise<void>;
};

export function openStreamReader(options: StreamReaderOptions): StreamReader {
  const shared = new SharedReader(options);
  const { store, snapshot = async () => null } = options;
  const close = (): Promise<void> => shared.close();
  return {
    read: (run, request = {}) => ({
      [Symbol.asyncIterator]: () => openReading({ store, shared, snapshot, run, request }),
    }),
    close,
    [Symbol.asyncDispose]: close,
  };
}

type Reading = {
  readonly store: Store;
  readonly shared: SharedReader;
  readonly snapshot: (run: string) => Promise<unknown>;
  readonly run: string;
  readonly request: ReadOptions;
};

/** The same under one signal for whatever ends it. */
type OpenReading = Reading & { readonly signal: AbortSignal };

/** Where a reader is: it has seen everything up to `position`; `tail` was the newest entry then. `over`: nothing follows. */
type Place = { readonly position: string; readonly tail: string; readonly over: boolean };

/** A generator's own return() waits for the event it waits for; this one leaves at once. */
function openReading(reading: Reading): AsyncIterator<StreamEvent, void> {
  const leaving = new AbortController();
  const events = readRun(reading, leaving);
  return {
    next: () => events.next(),
    return: () => {
      leaving.abort();
      return events.return();
    },
  };
}

async function* readRun(reading: Reading, leaving: AbortController): AsyncGenerator<StreamEvent, void> {
  const { request, shared } = reading;
  const leave = (): void => leaving.abort();
  for (const signal of [request.signal, shared.closing]) {
    signal?.addEventListener('abort', leave, { once: true, signal: leaving.signal });
    if (signal?.aborted === true) leave();
  }
  try {
    yield* readOn({ ...reading, signal: leaving.signal });
    if (!leaving.signal.aborted) return;
  } catch (error) {
    if (!leaving.signal.aborted) throw error;
  } finally {
    leave(); // takes the listeners off
  }
  if (shared.closing.aborted && request.signal?.aborted !== true) throw new BatonError('draining');
}

/** History until the reader has caught up, then live until it falls behind, and so on. */
async function* readOn(reading: OpenReading): AsyncGenerator<StreamEvent, void> {
  let place = yield* replay(reading, reading.request.after ?? STREAM_START);
  while (!place.over) {
    const left = yield* listen(reading, place);
    place = left.over ? left : yield* replay(reading, left.position);
  }
}

/** Gives what the stream holds after `position`, at the reader's own pace. */
async function* replay(reading: OpenReading, after: string): AsyncGenerator<StreamEvent, Place> {
  const { run, snapshot, signal } = reading;
  for (let position = after; ; ) {
    const page = await loadPageSurely(reading, position);
    if (isBeforeKept(page, position)) {
      const gap = gapEvent({ run, after: position, resumesAt: page.first, snapshot: await snapshot(run) });
      yield gap;
      position = gap.id;
    }
    for (const event of page.events) {
      if (signal.aborted) return { position, tail: page.last, over: true };
      yield event;
      position = event.id;
    }
    if (compareIds(position, page.last) >= 0) return { position, tail: page.last, over: page.ended };
  }
}

async function loadPageSurely({ store, run, signal }: OpenReading, after: string): Promise<StreamPage> {
  const options = { redis: store.redis, signal, tries: PAGE_TRIES };
  const page = await retry(() => loadPage(store, run, { after }), options).catch((error: unknown) => {
    throw BatonError.from(error, 'store_unavailable');
  });
  if (page === undefined) throw new BatonError('run_not_found', `There is no run ${run}, or not any longer.`);
  return page;
}

/** Gives what the shared reader hears, after what it passed on before this reader joined it. */
async function* listen(reading: OpenReading, { position: seen, tail }: Place): AsyncGenerator<StreamEvent, Place> {
  const { shared, run, signal } = reading;
  const { from, backlog, leave } = shared.join(run, tail);
  try {
    let position = seen;
    if (compareIds(position, from) < 0) {
      const caughtUp = yield* replay(reading, position);
      if (caughtUp.over) return caughtUp;
      position = caughtUp.position;
    }
    for (;;) {
      const found = await backlog.next(signal);
      if (found === undefined || found === 'lagged') return { position, tail, over: found === undefined };
      if (compareIds(found.id, position) <= 0) continue; // the replay gave it already
      yield found;
      position = found.id;
      if (isTerminalEvent(found.name)) return { position, tail, over: true };
    }
  } finally {
    leave();
  }
}

import type { Redis } from 'ioredis';
import type { AgentChange } from '../contracts/agent-view.ts';
import { BatonError } from '../contracts/error.ts';
import { pause, retry, retryPauseMs } from '../journal/retry.ts';
import { settledWithin } from '../journal/settled-within.ts';
import type { Store } from '../journal/store.ts';
import { CHANGES_START, type ChangePage, loadChanges } from './agent-events.ts';
import { type ChangeWindow, grown, pageOf, windowAt } from './change-window.ts';
import { unlessAborted } from './unless-aborted.ts';

/** Milliseconds one read waits: also how long closing may take. */
const BLOCK_MS = 1_000;
/** Changes in one page. */
const PAGE = 500;
/** How often a page is asked for: with the pauses between, several seconds in which Redis may restart. */
const PAGE_TRIES = 10;
const CLOSE_MS = 1_500;

export type ChangeReaderOptions = {
  readonly store: Store;
  /** A connection for this reader alone; its owner closes it after close(). */
  readonly blockingRedis: Redis;
  readonly onError: (error: unknown) => void;
};

export type ReadChanges = {
  /** The id of the last change the reader has; without it the next one to come is the first. */
  readonly after?: string | undefined;
  /** Ends the reading without an error. */
  readonly signal: AbortSignal;
};

/**
 * Reads the registry's changes for any number of readers over one blocking connection. It only waits while somebody reads, and holds
 * one list for all of them: a reader is a place in it.
 */
export type ChangeReader = AsyncDisposable & {
  /**
   * Changes after `after`, each once and in order, until the signal. Where some are no longer kept stands one registry.gap: read the
   * whole list again. Throws draining when the reader closes, store_unavailable when Redis stays away.
   */
  read(request: ReadChanges): AsyncIterable<AgentChange>;
};

export function openChangeReader(options: ChangeReaderOptions): ChangeReader {
  const closing = new AbortController();
  const follower = openFollower(options, closing.signal);
  return {
    read: async function* ({ after, signal }) {
      const either = AbortSignal.any([signal, closing.signal]);
      using following = follower.join();
      try {
        yield* readOn(options.store, following, { after, signal: either });
      } catch (error) {
        if (!either.aborted) throw error;
      }
      if (closing.signal.aborted && !signal.aborted) throw new BatonError('draining');
    },
    [Symbol.asyncDispose]: async () => {
      closing.abort();
      await settledWithin(CLOSE_MS, follower.following());
    },
  };
}

/** What one reader sees of the process's one look at the log. */
type Following = Disposable & {
  /** What has come lately; undefined while nobody has looked. */
  window(): ChangeWindow | undefined;
  /** Resolves when the window moves on. */
  moved(): Promise<void>;
};

/** Follows the log over the blocking connection while somebody reads. */
function openFollower({ store, blockingRedis, onError }: ChangeReaderOptions, closing: AbortSignal) {
  let readers = 0;
  let window: ChangeWindow | undefined;
  let following: Promise<void> | undefined;
  let moved = Promise.withResolvers<void>();
  const show = (next: ChangeWindow): void => {
    window = next;
    moved.resolve();
    moved = Promise.withResolvers();
  };

  /** Moves the window on by what has come. Whoever looked before there was one looks again: something may have come in between. */
  async function step(): Promise<void> {
    if (window === undefined) show(windowAt((await loadChanges(store, CHANGES_START, 0)).last));
    const at = window ?? windowAt(CHANGES_START);
    const came = await blockingRedis.xread('COUNT', 1, 'BLOCK', BLOCK_MS, 'STREAMS', store.keys.agentEvents, at.to);
    if (came === null) return;
    const page = await loadChanges(store, at.to, PAGE);
    show(page.missed ? windowAt(page.last) : grown(at, page));
  }

  async function follow(): Promise<void> {
    for (let failures = 0; readers > 0 && !closing.aborted; ) {
      try {
        await step();
        failures = 0;
      } catch (error) {
        failures += 1;
        if (failures === 1) onError(error);
        await pause(retryPauseMs(failures), closing);
      }
    }
    window = undefined; // in the same step as the last look at the readers: one that comes now begins anew
    following = undefined;
  }

  function join(): Following {
    readers += 1;
    following ??= follow();
    return {
      window: () => window,
      moved: () => moved.promise,
      [Symbol.dispose]: () => {
        readers -= 1;
      },
    };
  }
  return { join, following: () => following };
}

async function* readOn(
  store: Store,
  following: Following,
  { after, signal }: ReadChanges,
): AsyncGenerator<AgentChange, void> {
  let position = after ?? (await loadPage(store, { after: CHANGES_START, most: 0, signal })).last;
  // The first look is at the log itself, which knows whether it has ever been where this reader says it is.
  for (let isFirst = true; !signal.aborted; isFirst = false) {
    const next = following.moved(); // before the look: what comes after it wakes this reader
    const window = isFirst ? undefined : following.window();
    const near = window && pageOf(window, position);
    const page = near ?? (await loadPage(store, { after: position, most: PAGE, signal }));
    if (page.missed) yield gapAt(page.last);
    else yield* page.changes;
    position = page.missed ? page.last : page.position;
    if (!page.missed && !page.full) await unlessAborted(next, signal);
  }
}

type PageRequest = { readonly after: string; readonly most: number; readonly signal: AbortSignal };

async function loadPage(store: Store, { after, most, signal }: PageRequest): Promise<ChangePage> {
  try {
    return await retry(() => loadChanges(store, after, most), { redis: store.redis, signal, tries: PAGE_TRIES });
  } catch (error) {
    throw BatonError.from(error, 'store_unavailable');
  }
}

function gapAt(id: string): AgentChange {
  const timestamp = new Date(Number(id.split('-')[0])).toISOString();
  return { id, name: 'registry.gap', agent_id: null, detail: {}, timestamp };
}

import type { Redis } from 'ioredis';
import type { AgentChange } from '../contracts/agent-view.ts';
import { BatonError } from '../contracts/error.ts';
import { compareIds } from '../contracts/ids.ts';
import { pause, retry, retryPauseMs } from '../journal/retry.ts';
import { settledWithin } from '../journal/settled-within.ts';
import type { Store } from '../journal/store.ts';
import { CHANGES_START, type ChangePage, loadChanges } from './agent-events.ts';

/** Milliseconds one read waits: also how long closing may take. */
const BLOCK_MS = 1_000;
/** Changes in one page, and those kept for readers that are at most so far behind; others read on by themselves. */
const PAGE = 500;
const KEPT = 2_000;
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

/** What has been read lately: every change after `from`, up to `to`. */
type Window = { readonly from: string; readonly to: string; readonly changes: readonly AgentChange[] };

export function openChangeReader({ store, blockingRedis, onError }: ChangeReaderOptions): ChangeReader {
  const closing = new AbortController();
  let readers = 0;
  let window: Window | undefined;
  let following: Promise<void> | undefined;
  let moved = Promise.withResolvers<void>();

  const wakeReaders = (): void => {
    moved.resolve();
    moved = Promise.withResolvers();
  };

  /** Whoever has looked before it was there looks again: something may have come in between. */
  async function openWindow(): Promise<Window> {
    const { last } = await loadChanges(store, CHANGES_START, 0);
    wakeReaders();
    return { from: last, to: last, changes: [] };
  }

  /** Moves the window on by what has come. */
  async function step(at: Window): Promise<void> {
    const came = await blockingRedis.xread('COUNT', 1, 'BLOCK', BLOCK_MS, 'STREAMS', store.keys.agentEvents, at.to);
    if (came === null) return;
    const page = await loadChanges(store, at.to, PAGE);
    window = page.missed ? { from: page.last, to: page.last, changes: [] } : grown(at, page);
    wakeReaders();
  }

  async function follow(): Promise<void> {
    for (let failures = 0; readers > 0 && !closing.signal.aborted; ) {
      try {
        window ??= await openWindow();
        await step(window);
        failures = 0;
      } catch (error) {
        failures += 1;
        if (failures === 1) onError(error);
        await pause(retryPauseMs(failures), closing.signal);
      }
    }
    window = undefined; // in the same step as the last look at the readers: one that comes now begins anew
    following = undefined;
  }

  const loadPage = (after: string, most: number, signal: AbortSignal): Promise<ChangePage> =>
    retry(() => loadChanges(store, after, most), { redis: store.redis, signal, tries: PAGE_TRIES }).catch((error) => {
      throw BatonError.from(error, 'store_unavailable');
    });

  async function* readOn(after: string | undefined, signal: AbortSignal): AsyncGenerator<AgentChange, void> {
    let position = after ?? (await loadPage(CHANGES_START, 0, signal)).last;
    // The first look is at the log itself, which knows whether it has ever been where this reader says it is.
    for (let isFirst = true; !signal.aborted; isFirst = false) {
      const next = moved.promise; // before the look: what comes after it wakes this reader
      const isNear = !isFirst && window !== undefined && compareIds(position, window.from) >= 0;
      const near = isNear ? window : undefined;
      const page = near === undefined ? await loadPage(position, PAGE, signal) : pageOf(near, position);
      if (page.missed) yield gapAt(page.last);
      else yield* page.changes;
      position = page.missed ? page.last : page.position;
      if (!page.missed && !page.full) await either(next, signal);
    }
  }

  async function* readUntilEnd({ after, signal }: ReadChanges): AsyncGenerator<AgentChange, void> {
    const either = AbortSignal.any([signal, closing.signal]);
    readers += 1;
    following ??= follow();
    try {
      yield* readOn(after, either);
    } catch (error) {
      if (!either.aborted) throw error;
    } finally {
      readers -= 1;
    }
    if (closing.signal.aborted && !signal.aborted) throw new BatonError('draining');
  }

  return {
    read: readUntilEnd,
    [Symbol.asyncDispose]: async () => {
      closing.abort();
      await settledWithin(CLOSE_MS, following);
    },
  };
}

/** The window with a page more, and without what is too old to be kept. */
function grown({ from, changes }: Window, { position, changes: came }: ChangePage): Window {
  const all = [...changes, ...came];
  const dropped = all.slice(0, Math.max(0, all.length - KEPT));
  return { from: dropped.at(-1)?.id ?? from, to: position, changes: all.slice(dropped.length) };
}

type Page = Pick<ChangePage, 'last' | 'position' | 'full' | 'missed' | 'changes'>;

function pageOf({ to, changes }: Window, position: string): Page {
  const newer = changes.filter(({ id }) => compareIds(id, position) > 0);
  const isBeyond = compareIds(position, to) > 0; // it has read on by itself
  return { last: to, position: isBeyond ? position : to, full: false, missed: false, changes: newer };
}

function gapAt(id: string): AgentChange {
  const timestamp = new Date(Number(id.split('-')[0])).toISOString();
  return { id, name: 'registry.gap', agent_id: null, detail: {}, timestamp };
}

/** Resolves with the promise, or as soon as the signal aborts. */
async function either(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  const aborted = Promise.withResolvers<void>();
  const abort = (): void => aborted.resolve();
  signal.addEventListener('abort', abort, { once: true });
  if (signal.aborted) abort();
  try {
    await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

import { BatonError } from '../../contracts/error.ts';

export type PlacesOptions = Readonly<{
  /** Handlers that run at once. */
  concurrency: number;
  /** Requests that may wait for one to end. */
  queue: number;
  /** Milliseconds after which one that waits is told that the agent is busy. */
  waitMs: number;
}>;

/** How much a served agent takes on. One request is inside from its headers to its last byte; a handler runs in a place. */
export type Places = Readonly<{
  /** Lets a request in and gives back what lets it out. Throws agent_busy beyond concurrency and queue, draining after `drain`. */
  enter(): () => void;
  /**
   * A place for one handler, first come first served, and what frees it. Throws agent_busy after waitMs, draining, and the
   * signal's reason: whoever leaves makes room for the next.
   */
  take(signal: AbortSignal): Promise<() => void>;
  running(): number;
  queued(): number;
  isFull(): boolean;
  /** Lets nobody in any more; whoever waits for a place is told. Those that run go on. */
  drain(): void;
  /** Resolves when nobody is inside. */
  empty(): Promise<void>;
}>;

type Waiter = Readonly<{ grant: () => void; refuse: (error: BatonError) => void }>;

/** Weight of the latest call in the mean length of calls. */
const LATEST = 0.2;
/** What a caller is asked to wait at least and at most, in milliseconds. */
const AFTER_MIN_MS = 1_000;
const AFTER_MAX_MS = 60_000;

export function openPlaces({ concurrency, queue, waitMs }: PlacesOptions): Places {
  const waiting = new Set<Waiter>();
  let inside = 0;
  let running = 0;
  let meanMs = 0;
  let draining = false;
  const emptied = Promise.withResolvers<void>();

  const isFull = (): boolean => running >= concurrency;
  const busy = (): BatonError =>
    new BatonError('agent_busy', `The agent has too much to do: ${running} calls run and ${waiting.size} wait.`, {
      retryAfterMs: Math.min(Math.max(AFTER_MIN_MS, (meanMs * (waiting.size + 1)) / concurrency), AFTER_MAX_MS),
    });

  const begin = (): (() => void) => {
    running += 1;
    const beganAt = performance.now();
    return onlyOnce(() => {
      running -= 1;
      const tookMs = performance.now() - beganAt;
      meanMs = meanMs === 0 ? tookMs : meanMs * (1 - LATEST) + tookMs * LATEST;
      const [next] = waiting;
      next?.grant();
    });
  };

  return {
    enter: () => {
      if (draining) throw new BatonError('draining');
      if (inside >= concurrency + queue) throw busy();
      inside += 1;
      return onlyOnce(() => {
        inside -= 1;
        if (draining && inside === 0) emptied.resolve();
      });
    },
    take: async (signal) => {
      signal.throwIfAborted();
      if (draining) throw new BatonError('draining');
      return isFull() ? await waitIn(waiting, { signal, waitMs, begin, busy }) : begin();
    },
    running: () => running,
    queued: () => waiting.size,
    isFull,
    drain: () => {
      draining = true;
      for (const { refuse } of waiting) refuse(new BatonError('draining'));
      if (inside === 0) emptied.resolve();
    },
    empty: () => emptied.promise,
  };
}

type Wait = Readonly<{ signal: AbortSignal; waitMs: number; begin: () => () => void; busy: () => BatonError }>;

function waitIn(waiting: Set<Waiter>, { signal, waitMs, begin, busy }: Wait): Promise<() => void> {
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      waiting.delete(waiter);
      clearTimeout(timer);
      signal.removeEventListener('abort', leave);
    };
    const refuse = (error: unknown): void => {
      settle();
      reject(error);
    };
    const grant = (): void => {
      settle();
      resolve(begin());
    };
    const leave = (): void => refuse(signal.reason);
    const timer = setTimeout(() => refuse(busy()), waitMs);
    const waiter: Waiter = { grant, refuse };
    signal.addEventListener('abort', leave, { once: true });
    waiting.add(waiter);
  });
}

function onlyOnce(work: () => void): () => void {
  let done = false;
  return () => {
    if (done) return;
    done = true;
    work();
  };
}

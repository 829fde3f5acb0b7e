import { type Redis, ReplyError } from 'ioredis';

const FIRST_MS = 50;
const LONGEST_MS = 1_000;

export type RetryOptions = {
  /** The connection that the work uses. */
  readonly redis: Redis;
  /** Ends the work and every pause at once; its reason is thrown. */
  readonly signal: AbortSignal;
  /** How often the work is tried at most. Default: until it succeeds. */
  readonly tries?: number;
};

/** Does `work` again, with growing pauses, while that can help. Throws its last error, or the signal's reason. */
export async function retry<T>(work: () => Promise<T>, { redis, signal, tries }: RetryOptions): Promise<T> {
  for (let tried = 1; ; tried += 1) {
    signal.throwIfAborted();
    try {
      return await orAborted(work(), signal);
    } catch (error) {
      signal.throwIfAborted();
      if (tried === tries || !isTransient(redis, error)) throw error;
    }
    await pause(retryPauseMs(tried), signal);
  }
}

/** Milliseconds to wait after try number `tried` failed: 50, then twice as long each time, at most a second. */
export function retryPauseMs(tried: number): number {
  return Math.min(FIRST_MS * 2 ** (tried - 1), LONGEST_MS);
}

/** Waits, and no longer than until `signal` aborts. Never rejects: the caller looks at its signal. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end, { once: true });
    if (signal.aborted) end();
  });
}

const notReady = /^(LOADING|BUSY|OOM|MISCONF|READONLY|MASTERDOWN|NOREPLICAS|CLUSTERDOWN|TRYAGAIN)/;

/** Whether trying again can help: the link failed and will come back, or Redis says that it is not ready now. */
export function isTransient(redis: Redis, error: unknown): boolean {
  if (redis.status === 'end') return false;
  return error instanceof Error && (!(error instanceof ReplyError) || notReady.test(error.message));
}

/** The outcome of `work`, or the signal's reason as soon as it aborts: a command may wait long for a Redis that is away. */
async function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const abort = (): void => aborted.reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

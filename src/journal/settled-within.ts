import { setTimeout as pause } from 'node:timers/promises';

/** Resolves when the work has ended, one way or the other, or after `ms`: for closing what may wait for a Redis that is away. */
export async function settledWithin(ms: number, work: Promise<unknown> | undefined): Promise<void> {
  const done = new AbortController();
  const late = pause(ms, undefined, { signal: done.signal }).catch(() => undefined);
  await Promise.race([Promise.allSettled([work]), late]);
  done.abort();
}

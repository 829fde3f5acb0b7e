import { Redis, ReplyError } from 'ioredis';
import { expect, test } from 'vitest';
import { isTransient, pause, retry, retryPauseMs } from './retry.ts';

const redis = new Redis({ lazyConnect: true }); // never connects: only its state is looked at
const { signal } = new AbortController();

/** Work that fails with these errors, one after another, and then succeeds. */
function failing(...errors: readonly unknown[]): { work: () => Promise<string>; calls: () => number } {
  let calls = 0;
  return {
    work: async () => {
      calls += 1;
      if (calls <= errors.length) throw errors[calls - 1];
      return 'done';
    },
    calls: () => calls,
  };
}

test('pauses double from 50 ms up to a second', () => {
  expect([1, 2, 3, 5, 6, 50].map(retryPauseMs)).toEqual([50, 100, 200, 800, 1_000, 1_000]);
});

test('a broken link and a Redis that is not ready are tried again, a refusal is not', () => {
  expect(isTransient(redis, new Error('read ECONNRESET'))).toBe(true);
  expect(isTransient(redis, new ReplyError('LOADING Redis is loading the dataset in memory'))).toBe(true);
  expect(isTransient(redis, new ReplyError('WRONGTYPE Operation against a key'))).toBe(false);
});

test('work is done again until it succeeds', async () => {
  const { work, calls } = failing(new Error('read ECONNRESET'), new ReplyError('BUSY'));
  expect(await retry(work, { redis, signal })).toBe('done');
  expect(calls()).toBe(3);
});

test('after so many tries the last error is thrown', async () => {
  const { work, calls } = failing(new Error('one'), new Error('two'), new Error('three'));
  await expect(retry(work, { redis, signal, tries: 2 })).rejects.toThrow('two');
  expect(calls()).toBe(2);
});

test('a signal ends the work that hangs, and the pause', async () => {
  const leaving = new AbortController();
  const hanging = retry(() => new Promise<never>(() => undefined), { redis, signal: leaving.signal });
  const pausing = pause(60_000, leaving.signal);
  leaving.abort(new Error('left'));
  await expect(hanging).rejects.toThrow('left');
  await pausing;
});

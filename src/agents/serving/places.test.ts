import { expect, test } from 'vitest';
import { BatonError } from '../../contracts/error.ts';
import { openPlaces } from './places.ts';

const here = new AbortController().signal;

/** The error that `work` ends with. */
async function errorOf(work: () => unknown): Promise<BatonError> {
  try {
    await work();
  } catch (thrown) {
    if (thrown instanceof BatonError) return thrown;
  }
  throw new Error('expected a BatonError');
}

test('places are given in the order in which they were asked for', async () => {
  const places = openPlaces({ concurrency: 1, queue: 5, waitMs: 1_000 });
  const order: string[] = [];
  const free = await places.take(here);
  const taken = ['a', 'b'].map(async (name) => {
    const release = await places.take(here);
    order.push(name);
    release();
  });
  expect([places.running(), places.queued(), places.isFull()]).toEqual([1, 2, true]);
  free();
  free();
  await Promise.all(taken);
  expect(order).toEqual(['a', 'b']);
  expect([places.running(), places.queued()]).toEqual([0, 0]);
});

test('whoever waits too long is told that the agent is busy', async () => {
  const places = openPlaces({ concurrency: 1, queue: 1, waitMs: 10 });
  await places.take(here);
  expect(await errorOf(() => places.take(here))).toMatchObject({ code: 'agent_busy', retryAfterMs: 1_000 });
  expect(places.queued()).toBe(0);
});

test('whoever leaves the queue is out of it, with its own reason', async () => {
  const places = openPlaces({ concurrency: 1, queue: 1, waitMs: 1_000 });
  const free = await places.take(here);
  const leaver = new AbortController();
  const waiting = errorOf(() => places.take(leaver.signal));
  leaver.abort(new BatonError('cancelled'));
  expect((await waiting).code).toBe('cancelled');
  free();
  expect(places.running()).toBe(0);
  expect((await errorOf(() => places.take(leaver.signal))).code).toBe('cancelled');
});

test('requests are let in up to concurrency and queue together, and one for each that goes', async () => {
  const places = openPlaces({ concurrency: 1, queue: 1, waitMs: 1_000 });
  const out = places.enter();
  places.enter();
  expect(await errorOf(() => places.enter())).toMatchObject({ code: 'agent_busy', retryAfterMs: 1_000 });
  out();
  out();
  places.enter();
  expect((await errorOf(() => places.enter())).code).toBe('agent_busy');
});

test('a drain sends away those that wait, and is over when the last has gone', async () => {
  const places = openPlaces({ concurrency: 1, queue: 1, waitMs: 1_000 });
  const out = places.enter();
  const free = await places.take(here);
  const waiting = errorOf(() => places.take(here));
  places.drain();
  expect((await waiting).code).toBe('draining');
  expect((await errorOf(() => places.enter())).code).toBe('draining');
  let over = false;
  const empty = places.empty().then(() => {
    over = true;
  });
  free();
  await Promise.resolve();
  expect(over).toBe(false);
  out();
  await empty;
});

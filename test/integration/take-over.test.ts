// What is read of worker processes that are dead; test/system/take-over.test.ts kills real ones.
import { expect, test } from 'vitest';
import { findDeadWorkers, GONE_MS, takeOver } from '../../src/flow/take-over.ts';
import { eventually } from '../support/processes.ts';
import { useTestStore } from '../support/use-store.ts';

const STALLED_MS = 1_000;

const opened = useTestStore();

test('a record that cannot be read is told of once and removed; the one behind it is taken over from', async () => {
  const { store } = opened;
  const record = { pid: 1, host: 'h', started_at: new Date().toISOString(), concurrency: 1, queues: [], locks: [] };
  await store.redis.hset(store.keys.workers, {
    broken: '{"pid":',
    other: '{"pid":"x"}',
    sound: JSON.stringify(record),
  });
  const dead = await eventually(async () => {
    const found = await findDeadWorkers(store);
    return found.length === 3 ? found : undefined;
  }, 10 * GONE_MS);

  const outcomes = await Promise.allSettled(dead.map((each) => takeOver(store, each, STALLED_MS)));
  const told = outcomes.map((outcome) => (outcome.status === 'rejected' ? outcome.reason.message : outcome.value));
  expect(new Map(dead.map(({ worker }, at) => [worker, told[at]]))).toEqual(
    new Map([
      ['broken', expect.stringContaining('record of worker broken')],
      ['other', expect.stringContaining('record of worker other')],
      ['sound', 0],
    ]),
  );
  expect(await findDeadWorkers(store)).toEqual([]);
  expect(await store.redis.exists(store.keys.workers, store.keys.goneWorkers)).toBe(0);
});

import { afterAll, beforeAll, expect, test } from 'vitest';
import { cancelAtRandom, deliverToFullRedis, payThroughOutages, submitInParallel } from '../suites/doses.ts';
import { writeTooLate } from '../suites/zombies.ts';
import { type Engine, openEngine } from '../support/engine.ts';
import { seededRandom, seedOfTest } from '../support/seeded-random.ts';
import { startTestWorker } from '../support/worker.ts';

/** What is drawn at random follows from it. */
const seed = seedOfTest();
let engine: Engine;

beforeAll(async () => {
  engine = await openEngine();
});

afterAll(() => engine[Symbol.asyncDispose]());

test(`500 runs that are cancelled at random instants, over three workers (SEED=${seed})`, async () => {
  await using _second = await startTestWorker({ redisUrl: engine.redis.url });
  await using _third = await startTestWorker({ redisUrl: engine.redis.url });
  const p99 = await cancelAtRandom(engine, 500, seededRandom(seed));
  console.log(`500 cancels: p99 ${Math.round(p99)} ms from the request to the end`);
  expect(p99).toBeLessThan(2_500); // 2 s, and what a loaded machine adds
});

test('100 parallel posts with one key are one run, for 100 keys', async () => {
  await submitInParallel(engine, 100, 100);
});

test(`500 attempts that were overtaken send every kind of write: none is accepted (SEED=${seed})`, async () => {
  const { written, accepted } = await writeTooLate(engine.opened, 500, seededRandom(seed));
  console.log(`stale writes accepted: ${accepted.length} of ${written}`);
  expect(accepted).toEqual([]);
});

test(`20 outages of Redis that outlast the locks: no call is paid for twice (SEED=${seed})`, async () => {
  const paid = await payThroughOutages(20, seededRandom(seed));
  console.log(`paid calls per task: ${paid.toFixed(2)}`);
  expect(paid).toBe(1);
});

test('20 times a Redis that is full while results arrive: nothing is lost, and no call is paid for twice', async () => {
  const paid = await deliverToFullRedis(20);
  console.log(`paid calls per task at a full Redis: ${paid.toFixed(2)}`);
  expect(paid).toBe(1);
});

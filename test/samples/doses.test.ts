import { afterAll, beforeAll, expect, test } from 'vitest';
import { cancelAtRandom, deliverToFullRedis, payThroughOutages, submitInParallel } from '../suites/doses.ts';
import { writeTooLate } from '../suites/zombies.ts';
import { type Engine, openEngine } from '../support/engine.ts';
import { isContainer } from '../support/redis.ts';
import { seededRandom, seedOfTest } from '../support/seeded-random.ts';

/** What is drawn at random follows from it. */
const seed = seedOfTest();
let engine: Engine;

beforeAll(async () => {
  engine = await openEngine();
});

afterAll(() => engine[Symbol.asyncDispose]());

test(`20 runs that are cancelled at random instants end within two seconds (SEED=${seed})`, async () => {
  expect(await cancelAtRandom(engine, 20, seededRandom(seed))).toBeLessThan(2_500); // 2 s, and what a loaded machine adds
});

test('100 parallel posts with one key are one run, for 3 keys', async () => {
  await submitInParallel(engine, 3, 100);
});

test(`20 attempts that were overtaken send every kind of write: none is accepted (SEED=${seed})`, async () => {
  expect((await writeTooLate(engine.opened, 20, seededRandom(seed))).accepted).toEqual([]);
});

test.skipIf(isContainer)(
  'calls that end while Redis is away for longer than their locks are paid for once',
  async () => {
    expect(await payThroughOutages(1, seededRandom(seed))).toBe(1);
  },
);

test('what agents deliver to a Redis that is full is recorded when there is room, and paid for once', async () => {
  expect(await deliverToFullRedis(1)).toBe(1);
});

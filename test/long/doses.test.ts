import { afterAll, beforeAll, expect, test } from 'vitest';
import { cancelAtRandom, submitInParallel } from '../suites/doses.ts';
import { type Engine, openEngine } from '../support/engine.ts';
import { startTestWorker } from '../support/worker.ts';

let engine: Engine;

beforeAll(async () => {
  engine = await openEngine();
});

afterAll(() => engine[Symbol.asyncDispose]());

test('500 runs that are cancelled at random instants, over three workers', async () => {
  await using _second = await startTestWorker({ redisUrl: engine.redis.url });
  await using _third = await startTestWorker({ redisUrl: engine.redis.url });
  const p99 = await cancelAtRandom(engine, 500, Math.random);
  console.log(`500 cancels: p99 ${Math.round(p99)} ms from the request to the end`);
  expect(p99).toBeLessThan(2_500); // 2 s, and what a loaded machine adds
});

test('100 parallel posts with one key are one run, for 100 keys', async () => {
  await submitInParallel(engine, 100, 100);
});

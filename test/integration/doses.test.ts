import { afterAll, beforeAll, expect, test } from 'vitest';
import { cancelAtRandom, submitInParallel } from '../suites/doses.ts';
import { type Engine, openEngine } from '../support/engine.ts';

let engine: Engine;

beforeAll(async () => {
  engine = await openEngine();
});

afterAll(() => engine[Symbol.asyncDispose]());

test('20 runs that are cancelled at random instants end within two seconds', async () => {
  expect(await cancelAtRandom(engine, 20, Math.random)).toBeLessThan(2_500); // 2 s, and what a loaded machine adds
});

test('100 parallel posts with one key are one run, for 3 keys', async () => {
  await submitInParallel(engine, 3, 100);
});

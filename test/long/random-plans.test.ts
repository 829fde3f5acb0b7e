import { afterAll, beforeAll, test } from 'vitest';
import { checkRandomPlans } from '../suites/random-plans.ts';
import { type Engine, openEngine } from '../support/engine.ts';
import { seedOfTest } from '../support/seeded-random.ts';

let engine: Engine;

beforeAll(async () => {
  engine = await openEngine();
});

afterAll(() => engine[Symbol.asyncDispose]());

test('10,000 random plans end as the reference scheduler says', async () => {
  await checkRandomPlans(engine, 10_000, seedOfTest());
});

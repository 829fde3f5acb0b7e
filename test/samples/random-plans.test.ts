import { afterAll, beforeAll, expect, test } from 'vitest';
import { checkRandomPlans } from '../suites/random-plans.ts';
import { type Engine, openEngine } from '../support/engine.ts';
import { planOf } from '../support/plans.ts';
import { violationsOf } from '../support/reference-scheduler.ts';
import { seedOfTest } from '../support/seeded-random.ts';

let engine: Engine;

beforeAll(async () => {
  engine = await openEngine();
});

afterAll(() => engine[Symbol.asyncDispose]());

test('200 random plans end as the reference scheduler says', async () => {
  await checkRandomPlans(engine, 200, seedOfTest());
}, 120_000);

test('the reference scheduler finds what is wrong with a run', async () => {
  const plan = planOf({ a: {}, b: { after: ['a'] } });
  const { events } = await engine.runToEnd(plan);
  expect(violationsOf(plan, events)).toEqual([]);
  const turned = planOf({ b: {}, a: { after: ['b'] } });
  expect(violationsOf(turned, events)).toContain('a began before b had settled');
});

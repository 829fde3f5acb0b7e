import { afterAll, beforeAll, expect, test } from 'vitest';
import { removeOldRuns } from '../../src/orchestrator/retention.ts';
import { type Engine, openEngine } from '../support/engine.ts';
import { takeMemoryDose } from '../support/memory-dose.ts';
import { planOf } from '../support/plans.ts';
import { eventually } from '../support/processes.ts';

const KEPT = 3;
let engine: Engine;

beforeAll(async () => {
  engine = await openEngine();
});

afterAll(() => engine[Symbol.asyncDispose]());

const store = () => engine.opened.store;
const endedRuns = () => store().redis.zrange(store().keys.endedRuns, '0', '-1');

/** Ids of ended runs, the one that ended first at the front. */
async function endedOneByOne(runs: number): Promise<readonly string[]> {
  for (let run = 0; run < runs; run += 1) await engine.runToEnd(planOf({ a: {} }));
  return endedRuns();
}

async function removeUntilLeft(left: number, retention: { ageMs: number; runs: number }): Promise<readonly unknown[]> {
  const errors: unknown[] = [];
  await eventually(async () => {
    await removeOldRuns(engine.opened.flow, retention, { onError: (error) => errors.push(error) });
    return (await endedRuns()).length <= left ? true : undefined;
  });
  return errors;
}

test('what many runs took is free again when they have left: no key of theirs stays, their waiting timers included', async () => {
  const { before, full, after } = await takeMemoryDose({ runs: 100, warmUp: 60, atRest: false });
  expect(full.runKeys).toBeGreaterThan(100);
  expect(after.runKeys).toBe(0);
  expect(after.keys).toBe(before.keys);
  // The queues' own event streams have not reached their bound after so few runs.
  expect(after.bytes - before.bytes).toBeLessThan((full.bytes - before.bytes) / 10);
});

test('of more runs than may be kept the oldest leave', async () => {
  const ended = await endedOneByOne(KEPT + 3);
  const young = { ageMs: 3_600_000, runs: 0 };
  expect(await removeUntilLeft(ended.length, young)).toEqual([]);
  expect(await endedRuns()).toEqual(ended);
  expect(await removeUntilLeft(KEPT, { ...young, runs: KEPT })).toEqual([]);
  expect(await endedRuns()).toEqual(ended.slice(-KEPT));
});

test('the leader keeps to the number of runs that is set', async () => {
  await using own = await openEngine({ env: { BATON_RETENTION_RUNS: `${KEPT}`, BATON_RECONCILE_MS: '100' } });
  const { redis, keys } = own.opened.store;
  for (let run = 0; run < KEPT + 2; run += 1) await own.runToEnd(planOf({ a: {} }));
  await eventually(async () => ((await redis.zcard(keys.endedRuns)) === KEPT ? true : undefined));
  expect(await redis.zcard(keys.runs)).toBe(KEPT);
});

test('a run that cannot be removed keeps none of the others, and is told', async () => {
  const [faulty = '', ...others] = await endedOneByOne(25);
  const { run } = store().keys.run(faulty);
  const plan = await store().redis.hget(run, 'plan');
  await store().redis.hset(run, 'plan', 'no JSON');
  const errors = await removeUntilLeft(1, { ageMs: 0, runs: 0 });
  expect(errors[0]).toBeInstanceOf(SyntaxError);
  expect(await endedRuns()).toEqual([faulty]);
  expect(others.length).toBeGreaterThan(20);
  await store().redis.hset(run, 'plan', plan ?? '');
  await removeUntilLeft(0, { ageMs: 0, runs: 0 });
});

test('several processes that remove the same runs at once do each other no harm', async () => {
  await endedOneByOne(10);
  const everybody = Array.from({ length: 3 }, () => removeUntilLeft(0, { ageMs: 0, runs: 0 }));
  expect(await Promise.all(everybody)).toEqual([[], [], []]);
  const left = (await store().redis.keys('*')).filter((key) => /r[A-Za-z0-9]{22}/.test(key));
  expect(left).toEqual([]);
});

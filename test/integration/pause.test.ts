import { once } from 'node:events';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { addRunJob } from '../../src/flow/run-jobs.ts';
import { cancelRun } from '../../src/orchestrator/cancel-run.ts';
import { pauseRun, resumeRun } from '../../src/orchestrator/pause-run.ts';
import { viewRun } from '../../src/orchestrator/view-run.ts';
import { seen } from '../support/agents/scripted.ts';
import { type Engine, openEngine } from '../support/engine.ts';
import { planOf } from '../support/plans.ts';
import { eventually } from '../support/processes.ts';
import { createTestRun } from '../support/store.ts';

let engine: Engine;

beforeAll(async () => {
  engine = await openEngine();
});

afterAll(() => engine[Symbol.asyncDispose]());

const callsOf = (run: string) => seen.calls.filter(({ key }) => key.startsWith(run)).map(({ task }) => task);
const parked = (run: string, jobs: number) =>
  eventually(async () => {
    const { redis, keys } = engine.opened.store;
    return (await redis.hlen(keys.run(run).parked)) === jobs ? true : undefined;
  });

async function pausedInMidCall() {
  const called = once(seen.events, 'call');
  const run = await engine.submit(
    planOf({ a: { input_data: { hold: true } }, b: { after: ['a'] }, c: { after: ['a'] } }),
  );
  await called;
  expect(await pauseRun(engine.opened.flow, run)).toBe('running');
  seen.events.emit('release');
  await parked(run, 2);
  return run;
}

test('a paused run lets its calls end and begins nothing; resumed it goes on', async () => {
  const run = await pausedInMidCall();
  expect(callsOf(run)).toEqual(['a']);
  expect(await viewRun(engine.opened.store, run)).toMatchObject({
    paused: true,
    tasks: [{ status: 'completed' }, {}, {}],
  });
  await pauseRun(engine.opened.flow, run);
  await resumeRun(engine.opened.flow, run);
  const { results, events } = await engine.ended(run);
  expect([...results.values()].map(({ status }) => status)).toEqual(['completed', 'completed', 'completed']);
  expect(events.map(({ name }) => name).filter((name) => /paused|resumed/.test(name))).toEqual([
    'run.paused',
    'run.resumed',
  ]);
});

test('a paused run can be cancelled, and ends in time', async () => {
  const run = await pausedInMidCall();
  const asked = performance.now();
  await cancelRun(engine.opened.flow, run);
  const { events } = await engine.ended(run);
  expect(performance.now() - asked).toBeLessThan(2_000);
  expect(events.at(-1)?.name).toBe('run.cancelled');
  expect(callsOf(run)).toEqual(['a']);
});

test('a run that is paused before it is planned waits with its plan, and one before its end with the answer', async () => {
  const { redis, keys } = engine.opened.store;
  const early = await createTestRun(engine.opened.store, planOf({ a: {} }));
  expect(await pauseRun(engine.opened.flow, early)).toBe('queued');
  await addRunJob(engine.opened.flow, 'plan', { run: early });
  await parked(early, 1);
  expect(await redis.hget(keys.run(early).run, 'planned')).toBeNull();
  await resumeRun(engine.opened.flow, early);
  expect((await engine.ended(early)).record.status).toBe('completed');
});

test('resuming what runs, and pausing what has ended, changes nothing', async () => {
  const { run } = await engine.runToEnd(planOf({ a: {} }));
  const before = await engine.ended(run);
  expect(await pauseRun(engine.opened.flow, run)).toBe('completed');
  expect(await resumeRun(engine.opened.flow, run)).toBe('completed');
  expect(await engine.ended(run)).toEqual(before);
  expect(await pauseRun(engine.opened.flow, `r${'0'.repeat(22)}`)).toBeUndefined();
});

// What counts against a task's time limit, and against a join's: not a pause, not the death of a worker, not a human's time.
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { plainOptions } from '../../src/contracts/run-options.ts';
import { decideInterrupt } from '../../src/orchestrator/interrupts.ts';
import { pauseRun, resumeRun } from '../../src/orchestrator/pause-run.ts';
import { submitRun } from '../../src/orchestrator/submit-run.ts';
import { viewRun } from '../../src/orchestrator/view-run.ts';
import { seen } from '../support/agents/scripted.ts';
import { type Engine, openEngine } from '../support/engine.ts';
import { planOf } from '../support/plans.ts';
import { eventually } from '../support/processes.ts';
import { startTestRedis } from '../support/redis.ts';
import { eventsOfEndedRun, openTestStore } from '../support/store.ts';
import { startTestWorker } from '../support/worker.ts';

const LIMIT_MS = 600;

let engine: Engine;

beforeAll(async () => {
  engine = await openEngine({ env: { BATON_RECONCILE_MS: '300' } });
});

afterAll(() => engine[Symbol.asyncDispose]());

const callsOf = (run: string, task: string) => seen.calls.filter(({ key }) => key === `${run}.${task}`);

test('a worker that stops hands its task back, and how long nobody is there does not count', async () => {
  await using redis = await startTestRedis();
  await using opened = openTestStore(redis.url);
  const first = await startTestWorker({ redisUrl: redis.url, env: { BATON_DRAIN_MS: '0' } });
  const plan = planOf({ a: { input_data: { hold: true }, timeout_ms: LIMIT_MS } });
  const { run } = await submitRun(opened.flow, { plan, metadata: {}, options: plainOptions });
  await eventually(() => callsOf(run, 'a')[0]);
  await first[Symbol.asyncDispose]();
  await pause(2 * LIMIT_MS); // nobody is there: that is what this is about
  await using _second = await startTestWorker({ redisUrl: redis.url });
  const events = await eventsOfEndedRun(opened, run);
  expect(events.find(({ name }) => name === 'task.completed')).toMatchObject({ task_id: 'a' });
});

// The tests of one engine wait side by side: each has a run of its own, and only one of them holds a call until it is released.
test.concurrent('a task that waits between two calls has its time left after a pause', async () => {
  const run = await engine.submit(planOf({ a: { input_data: { failFirst: 1 }, timeout_ms: 4 * LIMIT_MS } }));
  await engine.eventOf(run, ({ name }) => name === 'task.retrying');
  await pauseRun(engine.opened.flow, run);
  await pause(5 * LIMIT_MS); // longer than its limit
  await resumeRun(engine.opened.flow, run);
  const { results } = await engine.ended(run);
  expect(results.get('a')).toMatchObject({ status: 'completed' });
  expect(callsOf(run, 'a')).toHaveLength(2);
});

const joined = { join: { timeout_ms: LIMIT_MS }, after: ['a', 'b'] };

test.concurrent("a join's time begins with the first start of a branch: neither a pause before it nor a human's time is part of it", async () => {
  const asked = { approval: { when: 'before' } };
  const run = await engine.submit(planOf({ a: asked, b: asked, j: joined }));
  const open = () =>
    eventually(async () => {
      const { interrupts = [] } = (await viewRun(engine.opened.store, run)) ?? {};
      return interrupts.length === 2 ? interrupts : undefined;
    });
  const questions = await open();
  await pause(2 * LIMIT_MS); // a human thinks
  for (const { id, hash } of questions) {
    await decideInterrupt(engine.opened.flow, id, { decision: 'approve', hash, reason: '' });
  }
  const { events, results } = await engine.ended(run);
  expect(events.find(({ name }) => name === 'join.released')?.detail).toMatchObject({ reason: 'all', late: [] });
  expect(results.get('j')?.status).toBe('completed');
});

test.concurrent("a pause stops a join's clock: its branches have the rest of its time afterwards", async () => {
  const run = await engine.submit(
    planOf({ a: { input_data: { ms: 50 } }, b: { after: ['c'] }, c: { input_data: { hold: true } }, j: joined }),
  );
  await eventually(() => callsOf(run, 'a')[0]);
  await pauseRun(engine.opened.flow, run);
  seen.events.emit('release');
  await pause(2 * LIMIT_MS); // longer than the join's time
  expect(callsOf(run, 'b')).toEqual([]);
  await resumeRun(engine.opened.flow, run);
  const { events } = await engine.ended(run);
  expect(events.find(({ name }) => name === 'join.released')?.detail).toMatchObject({ reason: 'all', late: [] });
});

test.concurrent('and a join whose time is over after a pause goes on without what is missing', async () => {
  const run = await engine.submit(planOf({ a: {}, b: { input_data: { hang: true } }, j: joined }));
  await eventually(() => callsOf(run, 'b')[0]);
  await pauseRun(engine.opened.flow, run);
  await pause(2 * LIMIT_MS);
  await resumeRun(engine.opened.flow, run);
  const { events } = await engine.ended(run);
  expect(events.find(({ name }) => name === 'join.released')?.detail).toMatchObject({ reason: 'timeout', late: ['b'] });
});

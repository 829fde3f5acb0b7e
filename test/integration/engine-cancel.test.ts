// Cancels whose sender dies, that come while everybody is busy, or that nobody is there to work on.
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { isTerminalEvent, type StreamEvent } from '../../src/contracts/event.ts';
import { plainOptions } from '../../src/contracts/run-options.ts';
import { requestStop } from '../../src/flow/stop.ts';
import { submitFlow } from '../../src/flow/submit.ts';
import { cancelRun } from '../../src/orchestrator/cancel-run.ts';
import { removeEndedRun } from '../../src/orchestrator/remove-run.ts';
import { submitRun } from '../../src/orchestrator/submit-run.ts';
import { flowGraphOf } from '../../src/plan/flow-graph.ts';
import { type Call, seen } from '../support/agents/scripted.ts';
import { planOf } from '../support/plans.ts';
import { eventually } from '../support/processes.ts';
import { openScriptedModel, silence } from '../support/scripted-model.ts';
import { cancelled, createTestRun, endTestRun, eventsOfEndedRun } from '../support/store.ts';
import { useTestStore } from '../support/use-store.ts';
import { startTestWorker } from '../support/worker.ts';

const END_MS = 8_000;
/** What a cancel may take: two seconds, and what a loaded machine adds. */
const CANCEL_MS = 3_000;

const opened = useTestStore();

const ends = (events: readonly StreamEvent[]) =>
  events.filter(({ name }) => isTerminalEvent(name)).map(({ name }) => name);
const keysOfRun = (run: string) => opened.store.redis.keys(`*${run}*`);
const removed = (run: string) =>
  eventually(async () => ((await keysOfRun(run)).length === 0 ? true : undefined), END_MS);

test('a cancel while planning ends the run although whoever asked for it has died', async () => {
  await using model = await openScriptedModel([silence]);
  await using _worker = await startTestWorker({ redisUrl: opened.redis.url, env: model.env });
  const { run } = await submitRun(opened.flow, { query: 'the query', metadata: {}, options: plainOptions });
  await model.next();
  expect(await requestStop(opened.store, run, cancelled)).toBe('planning');

  expect(ends(await eventsOfEndedRun(opened, run, END_MS))).toEqual(['run.cancelled']);
});

test('a cancel while the answer is written ends the run within two seconds, and hangs up on the model', async () => {
  await using model = await openScriptedModel([silence], { timeoutMs: 60_000 });
  await using _worker = await startTestWorker({ redisUrl: opened.redis.url, env: model.env });
  const { run } = await submitRun(opened.flow, { plan: planOf({ a: {} }), metadata: {}, options: plainOptions });
  await model.next();
  const askedAt = performance.now();
  await cancelRun(opened.flow, run);
  const events = await eventsOfEndedRun(opened, run, END_MS);
  expect(performance.now() - askedAt).toBeLessThan(CANCEL_MS);
  expect(ends(events)).toEqual(['run.cancelled']);
  expect(events.find(({ name }) => name === 'task.completed')).toMatchObject({ task_id: 'a' });
});

test('a run cancelled while it is queued ends as cancelled and never asks the model', async () => {
  await using model = await openScriptedModel([silence]);
  const { run } = await submitRun(opened.flow, { query: 'the query', metadata: {}, options: plainOptions });
  expect(await requestStop(opened.store, run, cancelled)).toBe('queued');
  await using _worker = await startTestWorker({ redisUrl: opened.redis.url, env: model.env });

  expect(ends(await eventsOfEndedRun(opened, run, END_MS))).toEqual(['run.cancelled']);
  expect(model.received).toEqual([]);
});

test('a cancel ends its run in time while all planners hang, an agent is deaf and a queue has no worker', async () => {
  await using model = await openScriptedModel([silence], { timeoutMs: 60_000 });
  const env = { ...model.env, BATON_DRAIN_MS: '0' };
  const capabilities = ['custom'] as const;
  await using _worker = await startTestWorker({ redisUrl: opened.redis.url, env, capabilities, concurrency: 2 });
  const plan = planOf({ deaf: { input_data: { hold: true, deaf: true } }, unserved: { capability: 'translation' } });
  const called = once(seen.events, 'call', { signal: AbortSignal.timeout(END_MS) });
  const { run } = await submitRun(opened.flow, { plan, metadata: {}, options: plainOptions });
  const [call] = (await called) as [Call];
  expect(call.key).toBe(`${run}.deaf`);
  const hanging = await Promise.all(
    ['one', 'two', 'three'].map((query) => submitRun(opened.flow, { query, metadata: {}, options: plainOptions })),
  );
  await Promise.all([model.next(), model.next()]);

  const before = performance.now();
  await cancelRun(opened.flow, run);
  expect(ends(await eventsOfEndedRun(opened, run, END_MS))).toEqual(['run.cancelled']);
  expect(performance.now() - before).toBeLessThan(2_000);

  seen.events.emit('release');
  for (const each of hanging) await cancelRun(opened.flow, each.run);
});

test('a cancelled run that no worker could work on leaves after its retention, with every key', async () => {
  const env = { BATON_RETENTION_MS: '1000', BATON_RECONCILE_MS: '200' };
  await using _worker = await startTestWorker({ redisUrl: opened.redis.url, env, capabilities: ['search'] });
  const { run } = await submitRun(opened.flow, {
    plan: planOf({ a: {}, b: { after: ['a'] } }),
    metadata: {},
    options: plainOptions,
  });
  await eventually(async () => ((await opened.flow.queue('root').getJob(`${run}.root`)) ? true : undefined));
  await cancelRun(opened.flow, run);
  await eventsOfEndedRun(opened, run, END_MS);
  await removed(run);
});

const lattice = planOf({ a: {}, b: { after: ['a'] }, c: { after: ['a'] }, d: { after: ['b', 'c'] } });

test('removal leaves no set of edges behind: neither of jobs that never ran nor of a flow that was never added', async () => {
  const submitted = await createTestRun(opened.store, lattice);
  await submitFlow(opened.flow, { run: submitted, graph: flowGraphOf(submitted, lattice), budgeted: false });
  const preset = await createTestRun(opened.store, lattice);
  const dead = { ...opened.flow, takeTurn: () => new Promise<never>(() => undefined) }; // its process dies before it adds the jobs
  void submitFlow(dead, { run: preset, graph: flowGraphOf(preset, lattice), budgeted: false });
  await eventually(async () =>
    (await keysOfRun(preset)).some((key) => key.endsWith(':dependencies')) ? true : undefined,
  );

  for (const run of [submitted, preset]) {
    await endTestRun(opened.store, run);
    expect(await removeEndedRun(opened.flow, run)).toBe(true);
    expect(await keysOfRun(run)).toEqual([]);
  }
  const waiting = await opened.flow.queue('cap-custom').getJobCounts('wait', 'waiting-children');
  expect(waiting, 'and released nobody').toEqual({ wait: 0, 'waiting-children': 0 });
});

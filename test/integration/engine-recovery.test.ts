// What the engine makes of workers, submitters and Redis servers that fail in the middle of a step.
import { once } from 'node:events';
import { expect, test } from 'vitest';
import type { Plan } from '../../src/contracts/plan.ts';
import { plainOptions } from '../../src/contracts/run-options.ts';
import type { Flow } from '../../src/flow/flow.ts';
import { settleTask } from '../../src/flow/settle.ts';
import { submitFlow } from '../../src/flow/submit.ts';
import { loadRecord, loadRun } from '../../src/journal/load-run.ts';
import { removeEndedRun } from '../../src/orchestrator/remove-run.ts';
import { submitRun } from '../../src/orchestrator/submit-run.ts';
import { flowGraphOf } from '../../src/plan/flow-graph.ts';
import { seen } from '../support/agents/scripted.ts';
import { planOf } from '../support/plans.ts';
import { claim, playPlan, resultOf } from '../support/played-run.ts';
import { eventually } from '../support/processes.ts';
import { isContainer, startTestRedis } from '../support/redis.ts';
import { openRedisProxy } from '../support/redis-proxy.ts';
import { createTestRun, endTestRun, eventsOfEndedRun, openTestStore } from '../support/store.ts';
import { useTestStore } from '../support/use-store.ts';
import { startTestWorker } from '../support/worker.ts';

/** Longer than any of these runs takes, and short enough that one which stays open is seen. */
const END_MS = 8_000;

const opened = useTestStore();

/** A run with its plan recorded, as its plan job leaves it just before it submits the flow. */
async function plannedRun(plan: Plan): Promise<string> {
  const run = await createTestRun(opened.store, plan);
  await playPlan(opened.store, run, plan);
  return run;
}

const callsOf = (run: string) => seen.calls.filter(({ key }) => key.startsWith(run)).map(({ task }) => task);

/** Edges that nobody has resolved, of all jobs of a run. */
async function openEdges(run: string): Promise<readonly string[]> {
  return opened.store.redis.keys(`*${run}*:dependencies`);
}

test('half a character in a result or an error is recorded as U+FFFD and holds nobody up', async () => {
  await using _worker = await startTestWorker({ redisUrl: opened.redis.url });
  const plan = planOf({
    good: { input_data: { words: ['half \ud83d'] } },
    bad: { input_data: { fail: 'broken \ud83d' }, retries: 0 },
    next: { after: ['good'] },
    skipped: { after: ['bad'] },
    partial: { after: ['good', 'bad'], on_dependency_failure: 'partial' },
  });
  const { run } = await submitRun(opened.flow, { plan, metadata: {}, options: plainOptions });
  await eventsOfEndedRun(opened, run, END_MS);

  const results = (await loadRun(opened.store, run))?.results;
  expect(results?.get('good')?.response).toBe('half \ufffd');
  expect(results?.get('bad')?.error?.message).toContain('broken \ufffd');
  expect([...(results ?? [])].map(([id, { status }]) => [id, status]).toSorted()).toEqual([
    ['bad', 'failed'],
    ['good', 'completed'],
    ['next', 'completed'],
    ['partial', 'completed'],
    ['skipped', 'skipped'],
  ]);
});

test('a worker that dies between settle and the end of its job leaves no dependent behind, also when Redis had lost its scripts', async () => {
  const plan = planOf({ a: {}, b: { after: ['a'], capability: 'search' }, c: { after: ['a'], capability: 'search' } });
  const run = await plannedRun(plan);
  const [node] = flowGraphOf(run, plan).nodes;
  await submitFlow(opened.flow, { run, graph: flowGraphOf(run, plan), budgeted: false });
  const epoch = await claim(opened.store, run, 'a');
  await opened.store.redis.script('FLUSH');
  const detail = { status: 'completed', latency_ms: 1, confidence: null, usage: null, truncated: false } as const;
  await settleTask(opened.store, {
    stop: undefined,
    ...{ run, epoch, tree: true, edges: node?.edges ?? [], job: { queue: 'cap-custom', id: `${run}.0` } },
    result: resultOf('a', { response: 'done', attempts: epoch, fails: false }),
    events: [{ name: 'task.completed', task_id: 'a', agent_id: 'x', attempt: epoch, data: '', detail }],
  });
  const search = opened.flow.queue('cap-search');
  expect(await search.getJobState(`${run}.1`), 'released by the end of the job').toBe('waiting-children');
  expect(await search.getJobState(`${run}.2`), 'released with the result').toBe('prioritized');

  await using _worker = await startTestWorker({ redisUrl: opened.redis.url });
  await eventsOfEndedRun(opened, run, END_MS);
  expect(callsOf(run).toSorted()).toEqual(['b', 'c']);
});

test('a plan job that cannot read its run comes back as often as it takes, and goes on once it can', async () => {
  const { run } = await submitRun(opened.flow, { plan: planOf({ a: {} }), metadata: {}, options: plainOptions });
  const record = opened.store.keys.run(run).run;
  const plan = (await opened.store.redis.hget(record, 'plan')) ?? '';
  await opened.store.redis.hset(record, 'plan', JSON.stringify({ ...JSON.parse(plan), of_a_newer_version: 1 }));

  await using _worker = await startTestWorker({ redisUrl: opened.redis.url });
  const queue = opened.flow.queue('orchestrator');
  await eventually(async () => {
    const job = await queue.getJob(`${run}.plan`);
    if (await job?.isDelayed()) await job?.promote().catch(() => undefined); // it began by itself in between
    return (job?.attemptsMade ?? 0) >= 6 ? true : undefined;
  });
  await opened.store.redis.hset(record, 'plan', plan);
  expect((await eventsOfEndedRun(opened, run, END_MS)).at(-1)?.name).toBe('run.completed');
});

test('a submitter that wakes up late, after a task has failed, re-arms no edge', async () => {
  const plan = planOf({
    bad: { input_data: { fail: true }, retries: 0 },
    slow: { input_data: { hold: true } },
    end: { after: ['bad', 'slow'], on_dependency_failure: 'partial' },
  });
  const run = await plannedRun(plan);
  const graph = flowGraphOf(run, plan);
  await using other = openTestStore(opened.redis.url);
  const late = asleepBeforeAdding(other.flow);
  const submitted = submitFlow(late.flow, { run, graph, budgeted: false });
  await late.asleep;

  await using _worker = await startTestWorker({ redisUrl: opened.redis.url });
  await submitFlow(opened.flow, { run, graph, budgeted: false });
  await eventually(async () => {
    const failed = (await opened.flow.queue('cap-custom').getJobState(`${run}.0`)) === 'failed';
    return failed && callsOf(run).includes('slow') ? true : undefined;
  });
  late.wake();
  await submitted;
  seen.events.emit('release');

  await eventsOfEndedRun(opened, run, END_MS);
  expect(callsOf(run).toSorted()).toEqual(['bad', 'end', 'slow']);
  expect(await openEdges(run)).toEqual([]);
});

/** A flow whose process is stopped when it has looked for missing jobs and is about to add them. */
function asleepBeforeAdding(flow: Flow): { flow: Flow; asleep: Promise<void>; wake: () => void } {
  const asleep = Promise.withResolvers<void>();
  const awake = Promise.withResolvers<void>();
  const backend = flow.submitQueue.getBackend();
  const addFlow = backend.addFlow.bind(backend);
  backend.addFlow = async (entries) => {
    asleep.resolve();
    await awake.promise;
    return addFlow(entries);
  };
  return { flow, asleep: asleep.promise, wake: awake.resolve };
}

test.skipIf(isContainer)(
  'an answer that ends while Redis is away for longer than the lock is recorded, and not asked for again',
  async () => {
    await using lasting = await startTestRedis({ appendonly: true });
    await using store = openTestStore(lasting.url);
    const env = { BATON_LOCK_MS: '600', BATON_STALLED_MS: '200', BATON_DRAIN_MS: '500' };
    await using _worker = await startTestWorker({ redisUrl: lasting.url, env });
    const { run } = await submitRun(store.flow, {
      plan: planOf({ a: { input_data: { hold: true } } }),
      metadata: {},
      options: plainOptions,
    });
    await once(seen.events, 'call', { signal: AbortSignal.timeout(END_MS) });

    await lasting.kill();
    const lockedUntil = Date.now() + 600;
    seen.events.emit('release');
    await eventually(() => (Date.now() > lockedUntil ? true : undefined));
    await lasting.restart();
    const events = await eventsOfEndedRun(store, run, END_MS);

    expect(callsOf(run)).toEqual(['a']);
    expect((await loadRun(store.store, run))?.results.get('a')).toMatchObject({ status: 'completed', attempts: 1 });
    expect(events.filter(({ name }) => name === 'task.completed')).toHaveLength(1);
  },
);

test('an answer that is whole is recorded although the lock of its job is lost while it is on its way to Redis', async () => {
  await using proxy = await openRedisProxy(opened.redis.port);
  // The job does not come back within this test: what counts is what becomes of the answer that is there.
  const env = { BATON_LOCK_MS: '500', BATON_STALLED_MS: '600000', BATON_DRAIN_MS: '0' };
  await using _worker = await startTestWorker({ redisUrl: proxy.url, env });
  const called = once(seen.events, 'call', { signal: AbortSignal.timeout(END_MS) });
  const { run } = await submitRun(opened.flow, {
    plan: planOf({ a: { input_data: { hold: true } } }),
    metadata: {},
    options: plainOptions,
  });
  await called;

  const goOn = proxy.stall('baton-command');
  seen.events.emit('release');
  await eventually(() => (seen.ended.has(`${run}.a`) ? true : undefined));
  await opened.store.redis.del(`${opened.store.keys.job('cap-custom', `${run}.0`)}:lock`);
  await renewals(2); // the first one has found no lock and told the worker; a second one means that it holds on to its answer
  goOn();

  const settled = await eventually(async () => (await loadRun(opened.store, run))?.results.get('a'));
  expect(settled).toMatchObject({ status: 'completed', attempts: 1 });
  expect(callsOf(run)).toEqual(['a']);
  await endTestRun(opened.store, run);
});

test('a job that comes back to the worker whose answer for it is still on its way does not ask again', async () => {
  await using proxy = await openRedisProxy(opened.redis.port);
  const env = { BATON_LOCK_MS: '500', BATON_STALLED_MS: '200', BATON_DRAIN_MS: '0' };
  await using _worker = await startTestWorker({ redisUrl: proxy.url, env });
  const called = once(seen.events, 'call', { signal: AbortSignal.timeout(END_MS) });
  const { run } = await submitRun(opened.flow, {
    plan: planOf({ a: { input_data: { hold: true } } }),
    metadata: {},
    options: plainOptions,
  });
  await called;

  const goOn = proxy.stall('baton-command');
  seen.events.emit('release');
  await eventually(() => (seen.ended.has(`${run}.a`) ? true : undefined));
  await opened.store.redis.del(`${opened.store.keys.job('cap-custom', `${run}.0`)}:lock`);
  await eventually(async () => {
    const job = await opened.flow.queue('cap-custom').getJob(`${run}.0`);
    return (job?.attemptsStarted ?? 0) >= 2 ? true : undefined;
  });
  goOn();

  await eventsOfEndedRun(opened, run, END_MS);
  expect(callsOf(run)).toEqual(['a']);
  expect((await loadRun(opened.store, run))?.results.get('a')).toMatchObject({ status: 'completed', attempts: 1 });
});

/** Waits until locks of the queue of custom tasks have been renewed, or have failed to be, so often. */
async function renewals(times: number): Promise<void> {
  const monitor = await opened.connect().monitor();
  let seenTimes = 0;
  monitor.on('monitor', (_time: string, command: readonly string[]) => {
    if (/^evalsha$/i.test(command[0] ?? '') && command[3]?.endsWith('cap-custom:stalled') && command[2] === '1')
      seenTimes += 1;
  });
  await eventually(() => (seenTimes >= times ? true : undefined), 3_000).finally(() => monitor.disconnect());
}

test('an agent that this version cannot read stops nobody else', async () => {
  const { redis: commands, keys } = opened.store;
  await commands.hset(keys.agents, 'newer', JSON.stringify({ agent_id: 'newer', of_a_newer_version: 1 }));
  try {
    await using _worker = await startTestWorker({ redisUrl: opened.redis.url });
    const { run } = await submitRun(opened.flow, { plan: planOf({ a: {} }), metadata: {}, options: plainOptions });
    expect((await eventsOfEndedRun(opened, run, END_MS)).at(-1)?.name).toBe('run.completed');
  } finally {
    await commands.hdel(keys.agents, 'newer');
  }
});

test('an Idempotency-Key whose run was removed makes a new run, also with another body', async () => {
  const request = { plan: planOf({ a: {} }), metadata: {}, options: plainOptions };
  const first = await submitRun(opened.flow, request, { owner: 'me', key: 'k', body: 'one' });
  expect(await submitRun(opened.flow, request, { owner: 'me', key: 'k', body: 'one' })).toEqual(first);
  await endTestRun(opened.store, first.run);
  expect(await removeEndedRun(opened.flow, first.run)).toBe(true);

  const second = await submitRun(opened.flow, request, { owner: 'me', key: 'k', body: 'two' });
  expect(second.run).not.toBe(first.run);
  expect(await loadRecord(opened.store, second.run)).toMatchObject({ status: 'queued' });
  expect(await opened.flow.queue('orchestrator').getJobState(`${second.run}.plan`)).toBe('prioritized');
});

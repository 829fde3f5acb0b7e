// max_concurrent_tasks over several workers, counted at a real HTTP agent.
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { cancelRun } from '../../src/orchestrator/cancel-run.ts';
import { pauseRun, resumeRun } from '../../src/orchestrator/pause-run.ts';
import { openRegistry } from '../../src/registry/registry.ts';
import { agentOf, conditionOf, openChooses, registeredOf } from '../support/choosing.ts';
import { type Engine, openEngine } from '../support/engine.ts';
import { planOf, type TaskSketch } from '../support/plans.ts';
import { eventually } from '../support/processes.ts';
import { openScriptedServer, type ScriptedServer } from '../support/scripted-server.ts';
import { startTestWorker } from '../support/worker.ts';

let engine: Engine;
let second: AsyncDisposable;

beforeAll(async () => {
  engine = await openEngine({ agents: [] });
  second = await startTestWorker({ redisUrl: engine.redis.url, concurrency: 100, agents: [] });
});

afterAll(async () => {
  await second[Symbol.asyncDispose]();
  await engine[Symbol.asyncDispose]();
});

type Counted = AsyncDisposable & {
  readonly server: ScriptedServer;
  readonly most: () => number;
  readonly calls: () => number;
  /** Lets calls end. */
  release(): void;
};

/** An agent that counts the calls it is in; each takes `callMs`, or until the release. */
async function openCounted(callMs: number | 'held'): Promise<Counted> {
  const held = Promise.withResolvers<void>();
  let [running, most, calls] = [0, 0, 0];
  const server = await openScriptedServer(async (response, { path }) => {
    if (path === '/health') return void response.end('ok');
    calls += 1;
    running += 1;
    most = Math.max(most, running);
    await (callMs === 'held' ? held.promise : pause(callMs));
    running -= 1;
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"response":"done"}');
  });
  const close = server[Symbol.asyncDispose];
  return { server, most: () => most, calls: () => calls, release: held.resolve, [Symbol.asyncDispose]: close };
}

async function register(id: string, { server }: Counted, fields: object): Promise<void> {
  await openRegistry(engine.opened.store).put(agentOf(id, { endpoint: server.url, ...fields }));
}

const tasks = (count: number, sketch: TaskSketch) =>
  planOf(Object.fromEntries(Array.from({ length: count }, (_, index) => [`t${index}`, sketch])));

test('two workers together never call an agent more often at once than it allows, and every task has its turn', async () => {
  await using counted = await openCounted(40);
  await register('narrow', counted, { capabilities: ['search'], max_concurrent_tasks: 2 });
  const plan = tasks(24, { capability: 'search' });
  const runs = await Promise.all([engine.submit(plan), engine.submit(plan)]);
  for (const run of runs) {
    const { results } = await engine.ended(run);
    expect([...results.values()].every(({ status, attempts }) => status === 'completed' && attempts === 1)).toBe(true);
  }
  expect(counted.most()).toBe(2);
  expect(counted.calls()).toBe(48);
  expect((await conditionOf(engine.opened.store, 'narrow')).busy).toBe(0);
});

test('what does not find a slot at the best agent goes to the next one at once, and says why', async () => {
  await using best = await openCounted('held');
  await using next = await openCounted(1);
  await register('best', best, { capabilities: ['translation'], max_concurrent_tasks: 1, priority: 5 });
  await register('next', next, { capabilities: ['translation'] });
  const run = await engine.submit(tasks(4, { capability: 'translation' }));
  await eventually(() => (next.calls() === 3 ? true : undefined));
  best.release();
  const { events, results } = await engine.ended(run);
  expect([...results.values()].map(({ agent_id }) => agent_id).toSorted()).toEqual(['best', 'next', 'next', 'next']);
  expect(best.calls()).toBe(1);
  const told = events.find((event) => event.name === 'agent.selected' && event.agent_id === 'next');
  expect(told).toMatchObject({
    detail: {
      considered: 2,
      candidates: [
        { agent_id: 'next', eligible: true, score: expect.any(Number) },
        { agent_id: 'best', eligible: false, reason: 'all its slots are taken', score: null },
      ],
    },
  });
});

test('a task that waits for a slot hears that its run is cancelled, and waits on after a pause of it', async () => {
  await using held = await openCounted('held');
  await register('held', held, { capabilities: ['summarization'], max_concurrent_tasks: 1 });
  const first = await engine.submit(tasks(1, { capability: 'summarization' }));
  await eventually(() => (held.calls() === 1 ? true : undefined));
  const cancelled = await engine.submit(tasks(2, { capability: 'summarization' }));
  const paused = await engine.submit(tasks(1, { capability: 'summarization' }));
  await engine.eventOf(cancelled, ({ name }) => name === 'plan.ready');
  await pauseRun(engine.opened.flow, paused);
  await cancelRun(engine.opened.flow, cancelled);
  const { record, events } = await engine.ended(cancelled);
  expect(record.status).toBe('cancelled');
  expect(events.some(({ name }) => name === 'task.started')).toBe(false);
  held.release();
  expect((await engine.ended(first)).record.status).toBe('completed');
  expect(held.calls()).toBe(1);
  await resumeRun(engine.opened.flow, paused);
  expect((await engine.ended(paused)).record.status).toBe('completed');
  expect(held.calls()).toBe(2);
});

test('a slot is held once, however often it is asked for, and given back', async () => {
  const { store } = engine.opened;
  await using one = openChooses(store);
  const agent = agentOf('one-slot', { max_concurrent_tasks: 1 });
  const told = await registeredOf(store, agent);
  const permit = await one.permits.take(told, 'a call');
  const again = await one.permits.take(told, 'a call');
  expect([permit, again].map((taken) => typeof taken)).toEqual(['object', 'object']);
  expect(await one.permits.take(told, 'another')).toBe('full');
  expect((await conditionOf(store, 'one-slot')).busy).toBe(1);
  if (typeof permit !== 'string') await permit[Symbol.asyncDispose]();
  expect((await conditionOf(store, 'one-slot')).busy).toBe(0);
});

test('the slot of a worker that has died comes back, while that of a living one lasts', async () => {
  const { store } = engine.opened;
  const agent = agentOf('mortal', { max_concurrent_tasks: 2 });
  const told = await registeredOf(store, agent);
  const dying = openChooses(store, { leaseMs: 300 });
  await using living = openChooses(store, { leaseMs: 300 });
  await dying.permits.take(told, 'dying');
  await living.permits.take(told, 'beside');
  await dying[Symbol.asyncDispose](); // nobody renews what it holds
  expect(await living.permits.take(told, 'living')).toBe('full');
  const taken = await eventually(async () => {
    const permit = await living.permits.take(told, 'living');
    return typeof permit === 'string' ? undefined : permit;
  }, 2_000);
  const until = async () => Number(await store.redis.zscore(store.keys.agentSlots('mortal'), 'living'));
  const first = await until();
  await eventually(async () => ((await until()) > first + 600 ? true : undefined), 3_000);
  await using other = openChooses(store);
  expect(await other.permits.take(told, 'other')).toBe('full');
  await taken[Symbol.asyncDispose]();
  expect(typeof (await other.permits.take(told, 'other'))).toBe('object');
});

test('a permit that is given back twice counts once', async () => {
  const { store } = engine.opened;
  await using chooses = openChooses(store);
  const agent = agentOf('twice', { max_concurrent_tasks: 3 });
  await openRegistry(store).put(agent);
  const [first, other] = await Promise.all(
    ['one', 'two'].map(async (holder) => chooses.permits.take(await registeredOf(store, agent), holder)),
  );
  if (typeof first !== 'object' || typeof other !== 'object') throw new Error('expected two permits');
  await first[Symbol.asyncDispose]();
  await first[Symbol.asyncDispose]();
  expect(chooses.permits.live().get('twice')).toEqual({ calls: 1, busy: 1, broken: false });
  await other[Symbol.asyncDispose]();
});

test('a task that finds no slot within its own time limit fails without a call; one that names none waits on', async () => {
  await using held = await openCounted('held');
  await register('busy', held, { capabilities: ['data_analysis'], max_concurrent_tasks: 1 });
  const first = await engine.submit(tasks(1, { capability: 'data_analysis' }));
  await eventually(() => (held.calls() === 1 ? true : undefined));
  const patient = await engine.submit(tasks(1, { capability: 'data_analysis' }));
  const hasty = await engine.submit(tasks(1, { capability: 'data_analysis', timeout_ms: 400 }));
  const { results, events } = await engine.ended(hasty);
  expect(results.get('t0')).toMatchObject({
    ...{ status: 'failed', agent_id: 'orchestrator', attempts: 1 },
    error: { code: 'task_timeout', message: expect.stringContaining('max_concurrent_tasks') },
  });
  expect(events.filter(({ task_id }) => task_id === 't0').map(({ name }) => name)).toEqual(['task.failed']);
  held.release();
  for (const run of [first, patient]) expect((await engine.ended(run)).record.status).toBe('completed');
  expect(held.calls()).toBe(2);
});

// What becomes of the tasks of a worker that dies, at default settings; and of one that only seems to.
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { openClient } from '../../src/client/index.ts';
import type { AgentDescriptor } from '../../src/contracts/agent.ts';
import { keysOf, shardPrefix } from '../../src/contracts/keys.ts';
import { type BatonProcess, eventually, startBaton } from '../support/processes.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';
import { eventsOf, openTestStore, type TestStore } from '../support/store.ts';
import { WordAgent } from '../support/word-agent.ts';

/** The bound is 2 s on a quiet machine; bench figures are in docs/testing.md. */
const TAKEN_OVER_MS = 4_000;
const keys = keysOf(shardPrefix());
let redis: TestRedis;
let opened: TestStore;
let agent: WordAgent;
let descriptor: AgentDescriptor;
let api: BatonProcess;
let env: Record<string, string>;

beforeAll(async () => {
  redis = await startTestRedis({ appendonly: true });
  opened = openTestStore(redis.url);
  agent = new WordAgent({ words: 20, everyMs: 5 });
  descriptor = await agent.open('words');
  env = { REDIS_URL: redis.url, BATON_PORT: '0' };
  api = await startBaton(['api'], env);
  await eventually(async () =>
    /uptime_in_seconds:[6-9]/.test(await opened.store.redis.info('server')) ? true : undefined,
  );
});

beforeEach(async () => {
  const body = JSON.stringify(descriptor);
  const headers = { 'content-type': 'application/json' };
  expect((await fetch(`${api.ready.url}/v1/agents/words`, { method: 'PUT', headers, body })).ok).toBe(true);
});

afterAll(async () => {
  await api[Symbol.asyncDispose]();
  await agent[Symbol.asyncDispose]();
  await opened[Symbol.asyncDispose]();
  await redis.stop();
});

/** A run whose task is in mid-call on the only worker there is. */
async function catchInMidCall(): Promise<{ run: string; release: () => void }> {
  const release = agent.holdFirstAttempts(5);
  const task = { task_id: 'speak', description: 'say the words', required_capability: 'text_generation' as const };
  const { run_id: run } = await openClient({ url: api.ready.url ?? '' }).submit({ plan: { sub_tasks: [task] } });
  await eventually(() => agent.calls.find((call) => call.key.startsWith(run) && call.sent >= 5), 20_000);
  return { run, release };
}

const startsOf = async (run: string) =>
  (await eventsOf(opened.store, run)).filter(({ name, task_id }) => name === 'task.started' && task_id === 'speak');

test('kill -9: another worker begins the next attempt within two seconds; the dead one is forgotten', async () => {
  await using first = await startBaton(['worker'], env);
  const { run, release } = await catchInMidCall();
  await using _second = await startBaton(['worker'], env);
  const [victim] = await startsOf(run);
  const killedAt = performance.now();
  first.signal('SIGKILL');
  const next = await eventually(async () => (await startsOf(run))[1], TAKEN_OVER_MS);
  const tookMs = performance.now() - killedAt;
  release();
  expect(tookMs).toBeLessThan(TAKEN_OVER_MS);
  expect(next.attempt).toBe(2);
  const worker = victim?.name === 'task.started' ? victim.detail.worker : '';
  expect(await opened.store.redis.hexists(keys.workers, worker)).toBe(0);
  await eventually(async () =>
    (await opened.store.redis.hget(keys.run(run).run, 'status')) === 'completed' ? true : undefined,
  );
});

test('kill -9 of the only worker: one that starts afterwards takes its task at once', async () => {
  await using first = await startBaton(['worker'], env);
  const { run, release } = await catchInMidCall();
  first.signal('SIGKILL');
  await first.exited;
  await using _second = await startBaton(['worker'], env);
  await eventually(async () => (await startsOf(run))[1], TAKEN_OVER_MS);
  release();
});

test('a worker that is only paused keeps its tasks: its lock has not lapsed', async () => {
  await using first = await startBaton(['worker'], env);
  const { run, release } = await catchInMidCall();
  await using second = await startBaton(['worker'], env);
  first.signal('SIGSTOP');
  const calls = agent.calls.length;
  // The second one is seen to watch: it takes over a third one that is killed after the first one was paused.
  await using third = await startBaton(['worker'], env);
  const known = await opened.store.redis.hkeys(keys.workers);
  third.signal('SIGKILL');
  await eventually(async () => ((await opened.store.redis.hlen(keys.workers)) < known.length ? true : undefined));
  expect(await startsOf(run)).toHaveLength(1);
  expect(agent.calls).toHaveLength(calls);
  first.signal('SIGCONT');
  release();
  await eventually(async () =>
    (await opened.store.redis.hget(keys.run(run).run, 'status')) === 'completed' ? true : undefined,
  );
  expect(await startsOf(run)).toHaveLength(1);
  second.signal('SIGTERM');
});

test('a task that ends its process each time fails alone: from the second death on it is called in a process of its own', async () => {
  const deadly = fileURLToPath(new URL('../support/agents/deadly.ts', import.meta.url));
  const start = () => startBaton(['worker', '--agents', deadly], env);
  await using workers = new AsyncDisposableStack();
  for (let count = 0; count < 3; count += 1) workers.use(await start());
  const innocent = (task_id: string) => ({ task_id, description: 'wait', required_capability: 'custom' as const });
  const poison = { task_id: 'poison', description: 'end it', required_capability: 'code_generation' as const };
  const plan = { sub_tasks: [poison, ...['a', 'b', 'c', 'd'].map(innocent)] };
  const { run_id: run } = await openClient({ url: api.ready.url ?? '' }).submit({ plan });
  await eventually(
    async () => ((await opened.store.redis.hget(keys.run(run).run, 'status')) === 'completed' ? true : undefined),
    60_000,
  );
  const view = await openClient({ url: api.ready.url ?? '' }).run(run);
  const outcome = Object.fromEntries(view.results.map(({ task_id, status }) => [task_id, status]));
  expect(outcome).toEqual({ poison: 'failed', a: 'completed', b: 'completed', c: 'completed', d: 'completed' });
  expect(view.results.find(({ task_id }) => task_id === 'poison')?.error?.code).toBe('worker_died');
  const alive = await opened.store.redis.hlen(keys.workers);
  expect(alive, 'two have died, and not every one that took it').toBe(1);
});

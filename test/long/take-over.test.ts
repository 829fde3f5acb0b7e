// Workers that are paused, again and again, for less than their locks last: nobody takes over from them.
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { percentile } from '../../bench/figure.ts';
import { openClient } from '../../src/client/index.ts';
import type { AgentDescriptor } from '../../src/contracts/agent.ts';
import { WorkerRecord } from '../../src/contracts/worker.ts';
import { eventually, startBaton } from '../support/processes.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';
import { eventsOf, openTestStore, type TestStore } from '../support/store.ts';
import { WordAgent } from '../support/word-agent.ts';

const WORKERS = 10;
const ROUNDS = 9;
/** A lock of 30 s is renewed each 15 s, so at least 15 s are left of it at any moment. */
const BLOCKED_MS = 12_000;
const BETWEEN_MS = 2_000;

/** How often a worker is killed. */
const KILLS = 20;

let redis: TestRedis;
let opened: TestStore;
let agent: WordAgent;
let descriptor: AgentDescriptor;

beforeAll(async () => {
  redis = await startTestRedis({ appendonly: true });
  opened = openTestStore(redis.url);
  agent = new WordAgent({ words: 20, everyMs: 5 });
  descriptor = await agent.open('words');
});

const speaker = (task_id: string) => ({
  ...{ task_id, description: 'say the words', required_capability: 'text_generation' as const },
});

async function register(url: string): Promise<void> {
  const body = JSON.stringify({ ...descriptor, timeout_seconds: 600 });
  const headers = { 'content-type': 'application/json' };
  expect((await fetch(`${url}/v1/agents/words`, { method: 'PUT', headers, body })).ok).toBe(true);
}

/** The task's first `count` starts. */
const starts = (run: string, count: number) =>
  eventually(async () => {
    const events = await eventsOf(opened.store, run);
    const found = events.flatMap((event) =>
      event.name === 'task.started' && event.task_id === 'speak' ? [event] : [],
    );
    return found.length >= count ? found : undefined;
  }, 30_000);

async function pidOf(worker: string): Promise<number> {
  const record = await opened.store.redis.hget(opened.store.keys.workers, worker);
  return WorkerRecord.parse(JSON.parse(record ?? '')).pid;
}

afterAll(async () => {
  await agent[Symbol.asyncDispose]();
  await opened[Symbol.asyncDispose]();
  await redis.stop();
});

test('kill -9 of a worker in mid-call, 20 times at default settings: the next attempt begins within two seconds', async () => {
  await using api = await startBaton(['api'], { REDIS_URL: redis.url, BATON_PORT: '0' });
  const url = api.ready.url ?? '';
  const client = openClient({ url });
  await register(url);
  // Nobody is judged dead soon after Redis began.
  await eventually(async () =>
    /uptime_in_seconds:[6-9]/.test(await opened.store.redis.info('server')) ? true : undefined,
  );
  const workers = await Promise.all([0, 1].map(() => startBaton(['worker'], { REDIS_URL: redis.url })));
  const took: number[] = [];
  for (let kill = 0; kill < KILLS; kill += 1) {
    const release = agent.holdFirstAttempts(5);
    const { run_id: run } = await client.submit({ plan: { sub_tasks: [speaker('speak')] } });
    const [first] = await starts(run, 1);
    const pid = await pidOf(first?.detail.worker ?? '');
    const at = workers.findIndex((worker) => worker.pid === pid);
    const killedAt = Date.now();
    workers[at]?.signal('SIGKILL');
    const [, second] = await starts(run, 2);
    took.push(Date.parse(second?.timestamp ?? '') - killedAt);
    release();
    await eventually(async () => ((await client.run(run)).status === 'completed' ? true : undefined), 30_000);
    workers[at] = await startBaton(['worker'], { REDIS_URL: redis.url });
  }
  for (const worker of workers) await worker[Symbol.asyncDispose]();
  const [p50, p99] = [0.5, 0.99].map((share) => Math.round(percentile(took, share)));
  console.log(`from kill -9 to the next attempt, ${KILLS} times: p50 ${p50} ms, p99 ${p99} ms`);
  expect(p99).toBeLessThan(2_000);
});

test('1,000 blocked seconds of workers at default settings: no task begins a second attempt', async () => {
  const release = agent.holdFirstAttempts(5);
  const env = { REDIS_URL: redis.url, BATON_CONCURRENCY: '1' };
  await using api = await startBaton(['api'], { REDIS_URL: redis.url, BATON_PORT: '0' });
  const url = api.ready.url ?? '';
  const client = openClient({ url });
  await register(url);
  await using workers = new AsyncDisposableStack();
  const paused = [];
  for (let count = 0; count < WORKERS; count += 1) paused.push(workers.use(await startBaton(['worker'], env)));
  const before = agent.calls.length;
  const tasks = Array.from({ length: WORKERS }, (_, index) => ({
    ...speaker(`t${index}`),
    ...{ timeout_ms: 600_000, idle_timeout_ms: 600_000 }, // the agent is silent for all of the pauses
  }));
  const { run_id: run } = await client.submit({ plan: { sub_tasks: tasks } });
  const called = () => agent.calls.length - before;
  await eventually(() => (called() === WORKERS ? true : undefined), 30_000);
  workers.use(await startBaton(['worker'], { ...env, BATON_CONCURRENCY: '20' })); // it watches, and has room for all of them

  for (let round = 0; round < ROUNDS; round += 1) {
    for (const worker of paused) worker.signal('SIGSTOP');
    await pause(BLOCKED_MS); // the pause is what this is about
    for (const worker of paused) worker.signal('SIGCONT');
    await pause(BETWEEN_MS);
  }
  const calls = called();
  release();
  const view = await eventually(async () => {
    const seen = await client.run(run);
    return seen.status === 'completed' ? seen : undefined;
  }, 30_000);
  const seconds = (WORKERS * ROUNDS * BLOCKED_MS) / 1_000;
  console.log(`${seconds} blocked seconds of ${WORKERS} workers: ${calls - WORKERS} false take-overs`);
  expect(calls).toBe(WORKERS);
  expect(view.results.map(({ attempts }) => attempts)).toEqual(tasks.map(() => 1));
});

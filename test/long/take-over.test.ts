// Workers that are paused, again and again, for less than their locks last: nobody takes over from them.
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openClient } from '../../src/client/index.ts';
import { eventually, startBaton } from '../support/processes.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';
import { openTestStore, type TestStore } from '../support/store.ts';
import { WordAgent } from '../support/word-agent.ts';

const WORKERS = 10;
const ROUNDS = 9;
/** A lock of 30 s is renewed each 15 s, so at least 15 s are left of it at any moment. */
const BLOCKED_MS = 12_000;
const BETWEEN_MS = 2_000;

let redis: TestRedis;
let opened: TestStore;
let agent: WordAgent;

beforeAll(async () => {
  redis = await startTestRedis({ appendonly: true });
  opened = openTestStore(redis.url);
  agent = new WordAgent({ words: 20, everyMs: 5 });
});

afterAll(async () => {
  await agent[Symbol.asyncDispose]();
  await opened[Symbol.asyncDispose]();
  await redis.stop();
});

test('1,000 blocked seconds of workers at default settings: no task begins a second attempt', async () => {
  const release = agent.holdFirstAttempts(5);
  const env = { REDIS_URL: redis.url, BATON_CONCURRENCY: '1' };
  await using api = await startBaton(['api'], { REDIS_URL: redis.url, BATON_PORT: '0' });
  const url = api.ready.url ?? '';
  const body = JSON.stringify({ ...(await agent.open('words')), timeout_seconds: 600 });
  await fetch(`${url}/v1/agents/words`, { method: 'PUT', headers: { 'content-type': 'application/json' }, body });
  await using workers = new AsyncDisposableStack();
  const paused = [];
  for (let count = 0; count < WORKERS; count += 1) paused.push(workers.use(await startBaton(['worker'], env)));
  const tasks = Array.from({ length: WORKERS }, (_, index) => ({
    ...{ task_id: `t${index}`, description: 'say the words', required_capability: 'text_generation' as const },
    ...{ timeout_ms: 600_000, idle_timeout_ms: 600_000 }, // the agent is silent for all of the pauses
  }));
  const { run_id: run } = await openClient({ url }).submit({ plan: { sub_tasks: tasks } });
  await eventually(() => (agent.calls.length === WORKERS ? true : undefined), 30_000);
  workers.use(await startBaton(['worker'], { ...env, BATON_CONCURRENCY: '20' })); // it watches, and has room for all of them

  for (let round = 0; round < ROUNDS; round += 1) {
    for (const worker of paused) worker.signal('SIGSTOP');
    await pause(BLOCKED_MS); // the pause is what this is about
    for (const worker of paused) worker.signal('SIGCONT');
    await pause(BETWEEN_MS);
  }
  const calls = agent.calls.length;
  release();
  const view = await eventually(async () => {
    const seen = await openClient({ url }).run(run);
    return seen.status === 'completed' ? seen : undefined;
  }, 30_000);
  const seconds = (WORKERS * ROUNDS * BLOCKED_MS) / 1_000;
  console.log(`${seconds} blocked seconds of ${WORKERS} workers: ${calls - WORKERS} false take-overs`);
  expect(calls).toBe(WORKERS);
  expect(view.results.map(({ attempts }) => attempts)).toEqual(tasks.map(() => 1));
});

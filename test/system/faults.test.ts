import { createParser } from 'eventsource-parser';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { openClient } from '../../src/client/index.ts';
import type { AgentDescriptor } from '../../src/contracts/agent.ts';
import type { StreamEvent } from '../../src/contracts/event.ts';
import { foldEvents } from '../../src/contracts/fold.ts';
import { type BatonProcess, eventually, startBaton } from '../support/processes.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';
import { WordAgent, wordsOf } from '../support/word-agent.ts';

const WORDS = 60;
/** Words after which a first attempt is held while a test does something to its worker. */
const HELD_AT = 10;
let redis: TestRedis;
let agent: WordAgent;
let descriptor: AgentDescriptor;
let api: BatonProcess;
let url: string;
let env: Record<string, string>;

beforeAll(async () => {
  redis = await startTestRedis({ appendonly: true });
  agent = new WordAgent({ words: WORDS, everyMs: 10 });
  descriptor = await agent.open('words');
  env = { REDIS_URL: redis.url, BATON_LOCK_MS: '1500', BATON_STALLED_MS: '500', BATON_PORT: '0' };
  api = await startBaton(['api'], env);
  url = api.ready.url ?? '';
});

beforeEach(async () => {
  const registered = await fetch(`${url}/v1/agents/words`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(descriptor),
  });
  expect(registered.ok).toBe(true);
});

afterAll(async () => {
  await api[Symbol.asyncDispose]();
  await agent[Symbol.asyncDispose]();
  await redis.stop();
});

const speaker = (task_id: string) => ({
  task_id,
  description: 'say the words',
  required_capability: 'text_generation' as const,
});
const plan = { sub_tasks: [speaker('speak')] };

/** Submits, and begins to read; the promise has every event once the run has ended. */
async function submitAndRead(): Promise<{ run: string; events: Promise<StreamEvent[]> }> {
  const client = openClient({ url });
  const { run_id } = await client.submit({ plan });
  return { run: run_id, events: Array.fromAsync(client.stream(run_id, { signal: AbortSignal.timeout(60_000) })) };
}

const callOf = (run: string, attempt: number) =>
  agent.calls.find((call) => call.key.startsWith(run) && call.attempt === attempt);
const spoken = (run: string, attempt: number, words: number) =>
  eventually(() => ((callOf(run, attempt)?.sent ?? 0) >= words ? true : undefined), 20_000);

/** Submits, and has the first attempt in mid-stream on the only worker there is; `release` lets its agent go on. */
async function catchInMidStream(): Promise<{ run: string; events: Promise<StreamEvent[]>; release: () => void }> {
  const release = agent.holdFirstAttempts(HELD_AT);
  const submitted = await submitAndRead();
  await spoken(submitted.run, 1, HELD_AT);
  return { ...submitted, release };
}

test('kill -9 of a worker in mid-stream: the run completes, and a reader holds the exact text', async () => {
  await using first = await startBaton(['worker'], env);
  const { run, events, release } = await catchInMidStream();
  await using _second = await startBaton(['worker'], env);
  first.signal('SIGKILL');

  const all = await events;
  release();
  expect(all.at(-1)?.name).toBe('run.completed');
  expect(all.filter((event) => event.attempt === 1 && event.name === 'task.token')).not.toEqual([]);
  const view = await openClient({ url }).run(run);
  expect(view.results[0]).toMatchObject({ success: true, attempts: 2, response: wordsOf(2, WORDS) });
  expect(foldEvents(all).tasks[0]?.text).toBe(view.results[0]?.response);
});

test('SIGSTOP beyond the lock, then SIGCONT: nothing of the attempt that was overtaken is accepted', async () => {
  await using first = await startBaton(['worker'], env);
  const { run, events, release } = await catchInMidStream();
  await using _second = await startBaton(['worker'], env);
  first.signal('SIGSTOP');
  await spoken(run, 2, 3);
  release();
  await spoken(run, 1, HELD_AT + 20); // they lie in the socket of the process that is stopped
  first.signal('SIGCONT'); // it wakes in the middle of its successor's stream

  const all = await events;
  const overtakenAt = all.findIndex((event) => event.name === 'task.started' && event.attempt === 2);
  expect(overtakenAt).toBeGreaterThan(0);
  expect(all.slice(overtakenAt).filter((event) => event.task_id === 'speak' && event.attempt === 1)).toEqual([]);
  expect(all.filter((event) => event.name === 'task.completed')).toHaveLength(1);
  const view = await openClient({ url }).run(run);
  expect(view.results[0]?.response).toBe(wordsOf(2, WORDS));
  expect(foldEvents(all).tasks[0]?.text).toBe(wordsOf(2, WORDS));
  await eventually(() => callOf(run, 1)?.closed || undefined); // the zombie ends its call of the agent
});

test('SIGTERM of a worker hands its task back: another one finishes it, and no failure is counted', async () => {
  const first = await startBaton(['worker'], { ...env, BATON_DRAIN_MS: '200' });
  const { events, release } = await catchInMidStream();
  await using _second = await startBaton(['worker'], env);
  first.signal('SIGTERM');
  expect(await first.exited).toBe(0);

  const all = await events;
  release();
  expect(all.map((event) => event.name)).not.toContain('task.retrying');
  expect(foldEvents(all).tasks[0]?.text).toBe(wordsOf(2, WORDS));
  expect(all.at(-1)?.name).toBe('run.completed');
});

test('a reader cut at 50 random bytes and resumed with Last-Event-ID sees exactly the reference stream', async () => {
  await using _worker = await startBaton(['worker'], env);
  const client = openClient({ url });
  const { run_id: run } = await client.submit({ plan: { sub_tasks: ['a', 'b', 'c'].map(speaker) } });
  const reference = Array.fromAsync(client.stream(run, { signal: AbortSignal.timeout(60_000) }));

  const pieces: StreamEvent[] = [];
  let cuts = 0;
  while (pieces.at(-1)?.name !== 'run.completed') {
    const bytes = cuts < 50 ? 1 + Math.floor(Math.random() * 800) : Number.POSITIVE_INFINITY;
    pieces.push(...(await readBytes(run, bytes, pieces.at(-1)?.id)));
    cuts += 1;
  }
  expect(cuts).toBeGreaterThan(50);
  expect(pieces).toEqual(await reference);
});

/** The events that are whole within the first `bytes` of a stream, which is then cut. */
async function readBytes(run: string, bytes: number, after: string | undefined): Promise<StreamEvent[]> {
  const cut = new AbortController();
  const events: StreamEvent[] = [];
  const parser = createParser({ onEvent: ({ data }) => void events.push(JSON.parse(data)) });
  const decoder = new TextDecoder();
  const response = await fetch(`${url}/v1/runs/${run}/events`, {
    headers: { accept: 'text/event-stream', ...(after === undefined ? {} : { 'last-event-id': after }) },
    signal: AbortSignal.any([cut.signal, AbortSignal.timeout(30_000)]),
  });
  let left = bytes;
  for await (const chunk of response.body ?? []) {
    parser.feed(decoder.decode(chunk.subarray(0, left), { stream: true }));
    left -= chunk.length;
    if (left <= 0) break; // leaving the loop cancels the body: the socket is closed
  }
  cut.abort();
  return events;
}

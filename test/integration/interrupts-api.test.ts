// Questions to humans from outside: over HTTP, by the client, from a terminal, and while workers come and go.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openClient } from '../../src/client/client.ts';
import type { InterruptView } from '../../src/contracts/interrupt.ts';
import { agentQueues, ORCHESTRATOR_QUEUE, ROOT_QUEUE } from '../../src/contracts/job.ts';
import { keepAsking } from '../../src/flow/ask.ts';
import type { Ask } from '../../src/journal/load-asks.ts';
import { seen } from '../support/agents/scripted.ts';
import { openTestApi, type TestApi } from '../support/api.ts';
import { commandLine } from '../support/command-line.ts';
import { planOf, type TaskSketch } from '../support/plans.ts';
import { eventually } from '../support/processes.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';
import { chunk, openScriptedModel, streamOf } from '../support/scripted-model.ts';
import { createTestRun, endTestRun, openTestStore, type TestStore } from '../support/store.ts';
import { beginTask } from '../support/stream-fixture.ts';
import { startTestWorker } from '../support/worker.ts';

let redis: TestRedis;
let opened: TestStore;
let door: TestApi;
let model: Awaited<ReturnType<typeof openScriptedModel>>;
let worker: AsyncDisposable;

const startWorker = () => startTestWorker({ redisUrl: redis.url, concurrency: 1, env: model.env });

beforeAll(async () => {
  model = await openScriptedModel([streamOf([chunk('the answer', 'stop')])]);
  redis = await startTestRedis();
  opened = openTestStore(redis.url);
  const boardQueues = [...agentQueues, ORCHESTRATOR_QUEUE, ROOT_QUEUE].map((name) => opened.flow.queue(name));
  door = await openTestApi(redis.url, { boardQueues });
  worker = await startWorker();
});

afterAll(async () => {
  await worker[Symbol.asyncDispose]();
  await door[Symbol.asyncDispose]();
  await opened[Symbol.asyncDispose]();
  await redis.stop();
  await model[Symbol.asyncDispose]();
});

const client = () => openClient({ url: door.url });
const before = { approval: { when: 'before' } };

async function submit(tasks: Readonly<Record<string, TaskSketch>>): Promise<string> {
  return (await client().submit({ plan: planOf(tasks) })).run_id;
}

/** The first open question of a run. */
function questionOf(run: string): Promise<InterruptView> {
  return eventually(async () => (await client().interrupts({ run })).interrupts[0]);
}

const steppedOut = (id: string) =>
  eventually(async () =>
    (await opened.flow.queue('cap-custom').getJobState(id)) === 'waiting-children' ? true : undefined,
  );

async function post(id: string, body: unknown) {
  const headers = { 'content-type': 'application/json' };
  const url = `${door.url}/v1/interrupts/${encodeURIComponent(id)}/decision`;
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
  const { code, state } = (await response.json()) as { code?: string; state?: string };
  return [response.status, code ?? state];
}

test('a worker that ends while a human thinks changes nothing: another one goes on, and no agent is called again', async () => {
  const run = await submit({ a: { approval: { when: 'both' } } });
  const input = await questionOf(run);
  await steppedOut(`${run}.0`);
  await worker[Symbol.asyncDispose]();
  await client().decide(input.id, { decision: 'approve', hash: input.hash });
  worker = await startWorker();

  const output = await eventually(async () => {
    const { interrupts } = await client().interrupts({ run });
    return interrupts.find(({ subject }) => subject === 'output');
  });
  await steppedOut(`${run}.0`);
  await worker[Symbol.asyncDispose]();
  worker = await startWorker();
  await client().decide(output.id, { decision: 'approve', hash: output.hash });
  const { results, interrupts } = await client().wait(run, { signal: AbortSignal.timeout(10_000) });
  expect(results[0]).toMatchObject({ status: 'completed', response: 'a done' });
  expect(interrupts.map(({ state }) => state)).toEqual(['approved', 'approved']);
  expect(seen.calls.filter(({ key }) => key.startsWith(run))).toHaveLength(1);
});

test('the door answers each kind of decision with its own problem, and only the first one decides', async () => {
  const run = await submit({ a: before });
  const { id, hash } = await questionOf(run);
  expect(await post(`${run}~b~input`, { decision: 'approve', hash })).toEqual([404, 'interrupt_not_found']);
  expect(await post('nothing', { decision: 'approve', hash })).toEqual([404, 'interrupt_not_found']);
  expect(await post(id, { decision: 'approve' })).toEqual([422, 'invalid_request']);
  expect(await post(id, { decision: 'approve', hash, content: 'x' })).toEqual([422, 'invalid_request']);
  expect(await post(id, { decision: 'edit', hash, content: {} })).toEqual([422, 'invalid_request']);
  expect(await post(id, { decision: 'approve', hash: 'f'.repeat(64) })).toEqual([422, 'stale_content']);
  expect(await post(id, { decision: 'approve', hash })).toEqual([200, 'approved']);
  expect(await post(id, { decision: 'approve', hash })).toEqual([409, 'already_decided']);
  await client().wait(run, { signal: AbortSignal.timeout(10_000) });

  const cancelled = await submit({ a: before });
  const late = await questionOf(cancelled);
  await client().cancel(cancelled);
  expect(await post(late.id, { decision: 'approve', hash: late.hash })).toEqual([409, 'run_ended']);
});

test('open questions of all runs are listed newest first, page by page, also while some of them are decided', async () => {
  const ids: string[] = [];
  for (let index = 0; index < 4; index += 1) ids.unshift((await questionOf(await submit({ a: before }))).id);
  const first = await client().interrupts({ limit: 2 });
  expect(first.interrupts.map(({ id }) => id)).toEqual(ids.slice(0, 2));
  for (const { id, hash } of first.interrupts) await client().decide(id, { decision: 'reject', hash });
  const second = await client().interrupts({ limit: 2, cursor: first.next_cursor ?? '' });
  expect(second.interrupts.map(({ id }) => id)).toEqual(ids.slice(2));
  expect(second.next_cursor).toBeNull();
  await expect(client().interrupts({ cursor: 'x' })).rejects.toMatchObject({ code: 'invalid_request' });
  for (const { id, hash } of second.interrupts) await client().decide(id, { decision: 'reject', hash });
});

test('questions that were asked at the same moment are all listed, each once', async () => {
  const ids = ['a', 'b', 'c', 'd', 'e'];
  const { store, flow } = opened;
  const run = await createTestRun(store, planOf(Object.fromEntries(ids.map((id) => [id, {}]))));
  const requested_at = new Date().toISOString();
  for (const [index, task_id] of ids.entries()) {
    const epoch = await beginTask(store, run, task_id);
    const ask: Ask = {
      ...{ id: `${run}~${task_id}~input`, run_id: run, task_id, subject: 'input', hash: 'f'.repeat(64) },
      ...{ requested_at, expires_at: new Date(Date.now() + 60_000).toISOString(), on_expiry: 'reject', epoch },
      ...{ job: { queue: 'cap-custom', id: `${run}.${index}` }, edit: 'input', held: null, made: null },
      ...{ asked_by: null, resume: null, round: 1 },
    };
    expect(await keepAsking(flow, { ask, content: '{}' })).toBe('open');
  }
  const found: string[] = [];
  for (let cursor: string | undefined; ; ) {
    const page = await client().interrupts({ run, limit: 2, cursor });
    found.push(...page.interrupts.map(({ task_id }) => task_id));
    cursor = page.next_cursor ?? undefined;
    if (cursor === undefined) break;
  }
  expect(found).toEqual(ids.toReversed());
  await endTestRun(store, run);
  expect((await client().interrupts({ run })).interrupts).toEqual([]);
});

test('the dashboard shows the flow of a run that waits for a human', async () => {
  const run = await submit({ a: { ...before, capability: 'custom' }, b: { after: ['a'] } });
  const { id, hash } = await questionOf(run);
  await steppedOut(`${run}.0`);
  for (const job of [`root/${run}.root`, `cap-custom/${run}.0`]) {
    const response = await fetch(`${door.url}/admin/queues/api/queues/${job}/flow`);
    expect(response.status).toBe(200);
    expect(JSON.stringify(await response.json())).toContain(`${run}.0`);
  }
  const queue = await fetch(`${door.url}/admin/queues/api/queues?activeQueue=cap-custom&status=waiting-children`);
  expect(JSON.stringify(await queue.json())).toContain(`${run}.0`);
  await client().decide(id, { decision: 'reject', hash });
});

test('from a terminal questions are listed and decided, once', async () => {
  const run = await submit({ a: before });
  const { id } = await questionOf(run);
  const listed = await commandLine(door.url, 'interrupts', '--run', run);
  expect(listed).toMatchObject({ code: 0 });
  expect(listed.stdout).toContain(id);
  expect(listed.stdout).toContain('do a');
  const edit = ['decide', id, 'edit', '--content', '{"input_data":{"words":["from a terminal"]}}'];
  expect(await commandLine(door.url, ...edit)).toMatchObject({ code: 0, stdout: `${id} edited\n` });
  const again = await commandLine(door.url, 'decide', id, 'reject', '--reason', 'too late');
  expect(again).toMatchObject({ code: 1 });
  expect(again.stderr).toContain('has been decided');
  const { results } = await client().wait(run, { signal: AbortSignal.timeout(10_000) });
  expect(results[0]?.response).toBe('from a terminal');
  expect((await commandLine(door.url, 'interrupts', '--run', run)).stdout).toBe('No question waits for an answer.\n');
});

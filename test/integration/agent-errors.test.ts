import { afterAll, beforeAll, expect, test } from 'vitest';
import { AgentDescriptor } from '../../src/contracts/agent.ts';
import type { StreamEvent } from '../../src/contracts/event.ts';
import { limits } from '../../src/contracts/limits.ts';
import { cancelRun } from '../../src/orchestrator/cancel-run.ts';
import { openRegistry } from '../../src/registry/registry.ts';
import { type Engine, openEngine } from '../support/engine.ts';
import { planOf, type TaskSketch } from '../support/plans.ts';
import { openScriptedModel, refuse, say } from '../support/scripted-model.ts';
import { openScriptedServer, type Script, type ScriptedServer } from '../support/scripted-server.ts';

let engine: Engine;
let server: ScriptedServer;
/** What the agents answer to each test's calls, in turn, and how often they were called. */
const scripts = new Map<string, { readonly answers: readonly ((response: Answer) => void)[]; calls: number }>();

beforeAll(async () => {
  engine = await openEngine();
  server = await openScriptedServer((response, { path, body }) => {
    if (path === '/health') return ok(response);
    const script = scripts.get(JSON.parse(body).script);
    if (script === undefined) return void response.destroy();
    script.calls += 1;
    script.answers[script.calls - 1]?.(response);
  });
  // Before the first task: a worker's knowledge of agents may be a second old.
  for (const mode of ['static', 'dynamic_events']) await register(mode);
});

afterAll(async () => {
  await engine[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

async function register(streaming_mode: string): Promise<void> {
  const about = { agent_id: streaming_mode, name: streaming_mode, endpoint: server.url, capabilities: ['custom'] };
  await openRegistry(engine.opened.store).put(AgentDescriptor.parse({ ...about, streaming_mode }));
}

type Answer = Parameters<Script>[0];

const ok = (response: Answer) =>
  void response.writeHead(200, { 'content-type': 'application/json' }).end('{"response":"done"}');
const status =
  (code: number, headers: Record<string, string> = {}) =>
  (response: Answer) =>
    void response.writeHead(code, { 'content-type': 'application/json', ...headers }).end('{"error":"no"}');

/** A run of one task, pinned to an HTTP agent that gives it these answers in turn. */
async function callAgent(answers: readonly ((response: Answer) => void)[], sketch: TaskSketch = {}) {
  const script = { answers, calls: 0 };
  const name = `script ${scripts.size}`;
  scripts.set(name, script);
  const run = await engine.submit(planOf({ a: { agent: 'static', input_data: { script: name }, ...sketch } }));
  return { run, calls: () => script.calls };
}

const delaysOf = (events: readonly StreamEvent[]) =>
  events.flatMap((event) => (event.name === 'task.retrying' ? [event.detail.delay_ms] : []));

test.concurrent('500, 500, then an answer: one success after exactly three calls', async () => {
  const agent = await callAgent([status(500), status(500), ok]);
  const { results } = await engine.ended(agent.run);
  expect(results.get('a')).toMatchObject({ status: 'completed', attempts: 3 });
  expect(agent.calls()).toBe(3);
});

test.concurrent('a busy agent is called again after the seconds it asks for', async () => {
  const agent = await callAgent([status(429, { 'retry-after': '2' }), ok]);
  const { results, events } = await engine.ended(agent.run);
  expect(results.get('a')).toMatchObject({ status: 'completed', response: 'done' });
  expect(agent.calls()).toBe(2);
  expect(delaysOf(events)).toEqual([2_000]);
  expect(events.find(({ name }) => name === 'task.retrying')).toMatchObject({
    detail: { error: { code: 'agent_busy' } },
  });
});

test.concurrent.each([
  ['no JSON', (response: Answer) => void response.writeHead(200, { 'content-type': 'application/json' }).end('no')],
  [
    'another schema',
    (response: Answer) => void response.writeHead(200, { 'content-type': 'application/json' }).end('{"nonsense":1}'),
  ],
  ['another type', (response: Answer) => void response.writeHead(200, { 'content-type': 'text/html' }).end('<p>')],
])('an answer in a form that nobody understands (%s) is not asked for again', async (_name, answer) => {
  const agent = await callAgent([answer, ok]);
  const { results } = await engine.ended(agent.run);
  expect(results.get('a')).toMatchObject({ status: 'failed', error: { code: 'agent_protocol' } });
  expect(agent.calls()).toBe(1);
});

test.concurrent('a date is counted by the clock of the agent, here thirty years slow', async () => {
  const headers = { date: 'Sun, 06 Nov 1994 08:49:37 GMT', 'retry-after': 'Sun, 06 Nov 1994 08:49:39 GMT' };
  const agent = await callAgent([status(503, headers), ok]);
  const { results, events } = await engine.ended(agent.run);
  expect(results.get('a')?.status).toBe('completed');
  expect(delaysOf(events)).toEqual([2_000]);
});

test.concurrent('ten years are clamped, and never longer than the task has left', async () => {
  const tenYears = status(429, { 'retry-after': '315360000' });
  const patient = await callAgent([tenYears], { timeout_ms: 86_400_000 });
  const hurried = await callAgent([tenYears, ok], { timeout_ms: 1_000 });
  const retrying = await engine.eventOf(patient.run, ({ name }) => name === 'task.retrying');
  expect(delaysOf([retrying])).toEqual([limits.retryAfterMs]);
  await cancelRun(engine.opened.flow, patient.run);

  const { results } = await engine.ended(hurried.run);
  expect(results.get('a')).toMatchObject({ status: 'failed', error: { code: 'task_timeout' } });
  expect(hurried.calls()).toBe(1);
});

test.each([
  ['a refused request', status(400), 'agent_rejected'],
  ['a request that nobody may make', status(403), 'agent_rejected'],
])('%s is not sent again', async (_, answer, code) => {
  const agent = await callAgent([answer, ok]);
  const { results } = await engine.ended(agent.run);
  expect(results.get('a')).toMatchObject({ status: 'failed', error: { code } });
  expect(agent.calls()).toBe(1);
});

/** Says one word and then nothing. */
const fallSilent = (response: Answer) =>
  void response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: {"type":"token","token":"a"}\n\n');

test.each([
  ['silence within a stream', fallSilent, 'dynamic_events'],
  ['silence before a stream', () => undefined, 'dynamic_events'],
  ['silence before a static answer', () => undefined, 'static'],
])("a task's idle timeout ends %s", async (_, answer, mode) => {
  const agent = await callAgent([answer], { agent: mode, idle_timeout_ms: 150, retries: 0 });
  const { results } = await engine.ended(agent.run);
  const message = expect.stringContaining('within 0.15 s');
  const silent = expect.stringContaining('for 0.15 s');
  const said = answer === fallSilent ? silent : message;
  expect(results.get('a')).toMatchObject({ status: 'failed', error: { code: 'agent_timeout', message: said } });
});

test("a task's own time limit ends its call and its retries", async () => {
  const agent = await callAgent([fallSilent, ok], { agent: 'dynamic_events', timeout_ms: 200 });
  const { results } = await engine.ended(agent.run);
  expect(results.get('a')).toMatchObject({ status: 'failed', error: { code: 'task_timeout' } });
  expect(agent.calls()).toBe(1);
});

test.each([429, 503])('a model that answers %i says how long to wait', async (code) => {
  await using busy = await openScriptedModel([
    (response, body) => {
      response.setHeader('retry-after', '7');
      refuse(code, 'later')(response, body);
    },
  ]);
  const request = { messages: [{ role: 'user' as const, content: 'x' }], signal: new AbortController().signal };
  const stream = busy.model.stream(request)[Symbol.asyncIterator]();
  await expect(stream.next()).rejects.toMatchObject({ code: 'model_unavailable', retryAfterMs: 7_000 });
});

test('a busy model is asked for the synthesis again after the wait it asks for', async () => {
  const busy = (response: Answer) => {
    response.setHeader('retry-after', '2');
    refuse(429, 'later')(response, {});
  };
  await using model = await openScriptedModel([busy, say('unused')]);
  await using own = await openEngine({ env: model.env });
  const run = await own.submit(planOf({ a: {} }));
  const retrying = await own.eventOf(run, ({ name }) => name === 'task.retrying');
  expect(delaysOf([retrying])).toEqual([2_000]);
});

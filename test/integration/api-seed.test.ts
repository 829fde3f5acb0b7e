import { EventSourceParserStream } from 'eventsource-parser/stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { Problem } from '../../src/contracts/error.ts';
import { openTestApi, type TestApi } from '../support/api.ts';
import { planOf } from '../support/plans.ts';
import { claim, playEnd, playFailure, playPlan, playRun, playTask, playTokens } from '../support/played-run.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';

let redis: TestRedis;
let door: TestApi;

beforeAll(async () => {
  redis = await startTestRedis();
  door = await openTestApi(redis.url);
});

afterAll(async () => {
  await door[Symbol.asyncDispose]();
  await redis.stop();
});

const plan = planOf({ a: {}, b: { after: ['a'], capability: 'summarization' } });

function orchestrate(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${door.url}${path}`, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json', ...headers },
  });
}

/** Asks, and gives the run that came of it as soon as it is accepted. */
async function begin(query: string): Promise<{ run: string; answer: Promise<Response> }> {
  const key = { 'idempotency-key': query };
  const accepted = await orchestrate('/v1/runs', { query }, key);
  const { run_id } = (await accepted.json()) as { run_id: string };
  return { run: run_id, answer: orchestrate('/orchestrate', { query }, key) };
}

describe('POST /orchestrate', () => {
  test("answers in the seed's shapes", async () => {
    const { run, answer } = await begin('shapes');
    await playRun(door.store, run, plan);
    const response = await answer;
    expect([response.status, response.headers.get('location')]).toEqual([200, `/v1/runs/${run}`]);
    const event = { agent_id: 'agent-1', task_id: 'a', timestamp: expect.stringMatching(/Z$/) };
    const result = {
      agent_id: 'agent-1',
      success: true,
      streaming_mode: 'dynamic_events',
      error: null,
      latency_ms: 12,
    };
    expect(await response.json()).toMatchObject({
      response: 'the answer',
      plan: {
        plan_id: run,
        original_query: 'shapes',
        reasoning: '',
        sub_tasks: [
          { task_id: 'a', description: 'do a', required_capability: 'custom', input_data: {}, depends_on: [] },
          { task_id: 'b', required_capability: 'summarization', depends_on: ['a'] },
        ],
      },
      worker_results: [
        {
          ...result,
          task_id: 'a',
          response: 'text of a',
          events: [
            { ...event, event_type: 'status', data: '' },
            { ...event, event_type: 'token', data: 'text of ' },
            { ...event, event_type: 'token', data: 'a' },
            { ...event, event_type: 'done', data: '' },
          ],
        },
        { ...result, task_id: 'b', response: 'text of b' },
      ],
    });
  });

  test('a failed task is a result with its error as text; what an earlier attempt said is void', async () => {
    const { run, answer } = await begin('failed task');
    await playPlan(door.store, run, plan);
    const [a, b] = plan.sub_tasks;
    if (a === undefined || b === undefined) throw new Error('the plan has two tasks');
    await playTokens(door.store, { run, task: 'a', epoch: await claim(door.store, run, 'a'), tokens: ['void'] });
    await playTask(door.store, run, { task: a, tokens: ['kept'] });
    await playTask(door.store, run, { task: b, tokens: [], fails: true });
    await playEnd(door.store, run, ['partly']);
    const { worker_results } = (await (await answer).json()) as { worker_results: { events: { data: string }[] }[] };
    expect(worker_results[0]?.events.map(({ data }) => data)).toEqual(['', 'kept', '']);
    expect(worker_results[1]).toMatchObject({
      success: false,
      response: '',
      error: 'it broke',
      streaming_mode: 'static',
    });
  });

  test.each([
    ['planning_failed', 502],
    ['model_not_configured', 503],
    ['no_such_code', 502],
  ])('a run that fails with %s is a problem with status %i', async (code, status) => {
    const { run, answer } = await begin(code);
    await playFailure(door.store, run, { code, message: 'the reason' });
    const response = await answer;
    const problem = Problem.parse(await response.json());
    expect([response.status, problem.status, problem.detail]).toEqual([status, status, 'the reason']);
    expect(response.headers.get('location')).toBe(`/v1/runs/${run}`);
    expect(response.headers.get('content-type')).toMatch(/^application\/problem\+json/);
  });

  test('a run that is cancelled is a 409', async () => {
    const { run, answer } = await begin('cancelled');
    await orchestrate(`/v1/runs/${run}/cancel`, {});
    expect(Problem.parse(await (await answer).json())).toMatchObject({ status: 409, code: 'run_cancelled' });
  });

  test('the run goes on when the client leaves', async () => {
    const client = new AbortController();
    const { run } = await begin('left');
    const left = fetch(`${door.url}/orchestrate`, {
      ...{ method: 'POST', body: JSON.stringify({ query: 'left' }), signal: client.signal },
      headers: { 'content-type': 'application/json', 'idempotency-key': 'left' },
    });
    client.abort();
    await expect(left).rejects.toThrow();
    const view = (await (await fetch(`${door.url}/v1/runs/${run}`)).json()) as { status: string };
    expect(view.status).toBe('queued');
  });

  test('refuses what is no query as every other route does', async () => {
    const response = await orchestrate('/orchestrate', { text: 'x' });
    expect(Problem.parse(await response.json())).toMatchObject({ status: 422, code: 'invalid_request' });
  });
});

describe('POST /orchestrate/stream', () => {
  test("gives data lines with the seed's five fields: phases, tokens, the answer, and done at the end", async () => {
    const response = await orchestrate('/orchestrate/stream', { query: 'stream' });
    expect(response.headers.get('content-type')).toMatch(/^text\/event-stream/);
    await playRun(door.store, response.headers.get('location')?.split('/').at(-1) ?? '', plan);
    const [forLines, forEvents] = response.body?.tee() ?? [];
    const text = await new Response(forLines).text();
    for (const line of text.split('\n')) expect(line === '' || line.startsWith('data: {')).toBe(true);
    const events: Record<string, string>[] = [];
    const messages = forEvents?.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream());
    for await (const { data } of messages ?? []) events.push(JSON.parse(data));
    for (const event of events) {
      expect(Object.keys(event)).toEqual(['agent_id', 'task_id', 'event_type', 'data', 'timestamp']);
    }
    const said = events.map(({ event_type, data }) => `${event_type} ${data}`);
    expect(said).toContain('status Entering execution phase...');
    expect(said).toContain('token text of ');
    expect(said.at(-2)).toBe('message the answer');
    expect(events.at(-1)).toMatchObject({ agent_id: 'orchestrator', task_id: 'root', event_type: 'done' });
  });

  test('a run that fails ends with an error and no done', async () => {
    const response = await orchestrate('/orchestrate/stream', { query: 'fails' });
    const run = response.headers.get('location')?.split('/').at(-1) ?? '';
    await playFailure(door.store, run, { code: 'planning_failed', message: 'no plan' });
    const text = await response.text();
    expect(text).toContain('"event_type":"error","data":"no plan"');
    expect(text).not.toContain('"event_type":"done"');
  });
});

describe('agents', () => {
  const agent = { name: 'Writer', endpoint: 'http://127.0.0.1:9', capabilities: ['text_generation'], priority: 10 };
  const put = (id: string, body: unknown) =>
    fetch(`${door.url}/v1/agents/${id}`, {
      ...{ method: 'PUT', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } },
    });

  test('register, are listed with all their fields and their health, and leave', async () => {
    expect((await put('writer-01', agent)).status).toBe(201);
    const replaced = await put('writer-01', { ...agent, agent_id: 'writer-01', name: 'Writer 2' });
    expect(replaced.status).toBe(200);
    const { agents } = z
      .object({ agents: z.array(z.looseObject({})) })
      .parse(await (await fetch(`${door.url}/agents`)).json());
    expect({ agents }).toEqual({
      agents: [
        {
          ...agent,
          agent_id: 'writer-01',
          name: 'Writer 2',
          description: '',
          transport: 'http',
          stream_format: 'sse',
          health_endpoint: '/health',
          invoke_endpoint: '/invoke',
          stream_endpoint: '/stream',
          streaming_mode: 'static',
          payload_schema: { content_type: 'application/json', required_fields: {}, optional_fields: {}, example: {} },
          static_response: null,
          max_tokens: null,
          timeout_seconds: 60,
          skills: [],
          version: '',
          ...{ max_concurrent_tasks: null, pool: null, auth: null, tls: null },
          metadata: {},
          healthy: true,
        },
      ],
    });
    const record = { weight: 0, success: 1, latency_ms: null };
    expect(await (await fetch(`${door.url}/v1/agents`)).json()).toEqual({
      agents: agents.map((listed) => ({ ...listed, broken: false, busy: 0, record, source: 'registered' })),
      next_cursor: null,
    });
    expect((await fetch(`${door.url}/v1/agents/writer-01/heartbeat`, { method: 'POST' })).status).toBe(204);
    expect((await fetch(`${door.url}/v1/agents/writer-01`, { method: 'DELETE' })).status).toBe(204);
    expect(await (await fetch(`${door.url}/agents`)).json()).toEqual({ agents: [] });
  });

  test.each([
    ['DELETE', '/v1/agents/nobody'],
    ['POST', '/v1/agents/nobody/heartbeat'],
    ['DELETE', '/v1/agents/orchestrator'],
    ['POST', '/v1/agents/a%20b/heartbeat'],
  ])('%s %s finds no agent', async (method, path) => {
    const response = await fetch(`${door.url}${path}`, { method });
    expect(Problem.parse(await response.json())).toMatchObject({ status: 404, code: 'agent_not_found' });
  });

  test.each([
    ['another id than the address', 'a-1', { ...agent, agent_id: 'a-2' }, 'agent_id'],
    ['an id that is none', 'a%20b', agent, 'agent_id'],
    ['a reserved id', 'orchestrator', agent, 'agent_id'],
    ['no capability', 'a-1', { ...agent, capabilities: [] }, 'capabilities'],
    ['an unknown capability', 'a-1', { ...agent, capabilities: ['magic'] }, 'capabilities[0]'],
    ['no endpoint', 'a-1', { ...agent, endpoint: null }, 'endpoint'],
    ['another scheme', 'a-1', { ...agent, endpoint: 'file:///etc/passwd' }, 'endpoint'],
    ['credentials in its address', 'a-1', { ...agent, endpoint: 'http://a:b@host' }, 'endpoint'],
    ['a body that is a list', 'a-1', [], ''],
  ])('an agent with %s is refused by name', async (_what, id, body, path) => {
    const problem = Problem.parse(await (await put(id, body)).json());
    expect([problem.code, problem.errors[0]?.path]).toEqual(['invalid_request', path]);
    expect(await (await fetch(`${door.url}/agents`)).json()).toEqual({ agents: [] });
  });
});

// Model servers as agents: of a registration (openai), and the configured one (model).
import { describe, expect, test } from 'vitest';
import type { AgentEvent } from '../../src/agents/call.ts';
import { AgentDescriptor } from '../../src/contracts/agent.ts';
import { openOfflineModel } from '../../src/demo/offline-model.ts';
import { openHttp } from '../../src/outbound/http.ts';
import { openRegistry } from '../../src/registry/registry.ts';
import { modelServerOf } from '../../src/workers/model-server.ts';
import { chunk, chatWhole as complete, chatStream as streamed, whole } from '../suites/http-harnesses.ts';
import { agentOf, behaving, type HttpHarness, httpTransportSuite } from '../suites/http-transport-suite.ts';
import { done, gather, transportSuite } from '../suites/transport-suite.ts';
import { openEngine } from '../support/engine.ts';
import { planOf } from '../support/plans.ts';
import { openScriptedServer, type Script } from '../support/scripted-server.ts';

const usage = { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 };

for (const harness of [streamed, complete]) {
  transportSuite(behaving(harness));
  httpTransportSuite(harness);
}

/** The same server, as the operator has configured it. */
transportSuite({
  ...behaving(streamed),
  name: 'model',
  open: async (behaviour) => {
    const opened = await behaving({ ...streamed, fail: failInStream }).open(behaviour);
    const http = openHttp({ policy: 'operator' });
    const modelServer = { http, baseUrl: opened.agent.endpoint ?? '', apiKey: 'k1', model: 'm1' };
    const fields = { transport: 'model', model: {}, endpoint: null };
    return {
      ...opened,
      modelServer,
      agent: AgentDescriptor.parse({ ...opened.agent, openai: undefined, ...fields }),
      [Symbol.asyncDispose]: async () => {
        await http.close();
        await opened[Symbol.asyncDispose]();
      },
    };
  },
  // Its words are the operator's affair, so that they are not shown.
  failure: /^The agent "probe" reported an error\.$/,
});

function failInStream(response: Parameters<Script>[0]): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.end('data: {"error":{"message":"the oven is cold","type":"server_error"}}\n\n');
}

/** One call of a server that answers so. */
async function ask(body: string | Script, options: Readonly<{ harness?: HttpHarness; fields?: object }> = {}) {
  const { harness = streamed, fields } = options;
  const script: Script =
    typeof body === 'string'
      ? (response) => void response.writeHead(200, { 'content-type': harness.contentType }).end(body)
      : body;
  await using server = await openScriptedServer(script);
  const agent = agentOf({ ...harness, fields: { ...harness.fields, ...fields } }, server.url);
  return { ...(await gather({ agent })), received: server.received };
}

const said = (events: readonly AgentEvent[]) =>
  events.flatMap((event) => (event.type === 'token' || event.type === 'message' ? [event.text] : [])).join('');

describe('a model server as an agent', () => {
  test.each([
    [
      'at the end',
      `${chunk({ content: 'x' }, 'stop')}data: ${JSON.stringify({ choices: [], usage })}\n\ndata: [DONE]\n\n`,
    ],
    [
      'in every chunk',
      `data: ${JSON.stringify({ choices: [{ delta: { content: 'x' }, finish_reason: 'stop' }], usage })}\n\n`,
    ],
    [
      'without a total',
      `${chunk({ content: 'x' }, 'stop')}data: {"choices":null,"usage":{"prompt_tokens":3,"completion_tokens":2}}\n\n`,
    ],
  ])('tells what it used %s', async (_, body) => {
    const { events, error } = await ask(body);
    expect(error).toBeNull();
    expect(events).toEqual([
      { type: 'token', text: 'x' },
      { ...done, usage },
    ]);
  });

  test('tells what it used in a whole answer', async () => {
    const { events } = await ask(whole({ content: 'x' }, 'stop', { usage }), { harness: complete });
    expect(events).toEqual([
      { type: 'message', text: 'x' },
      { ...done, usage },
    ]);
  });

  test.each([
    ['a stream', streamed, chunk({ content: 'half' }, 'length')],
    ['a whole answer', complete, whole({ content: 'half' }, 'length')],
  ])('says that %s was cut', async (_, harness, body) => {
    const { events } = await ask(body, { harness });
    expect(events.at(-1)).toEqual({ ...done, truncated: true });
  });

  test.each([
    ['a filter (stream)', streamed, chunk({ content: 'x' }, 'content_filter')],
    ['a filter (whole)', complete, whole({ content: '' }, 'content_filter')],
    ['a refusal in pieces', streamed, `${chunk({ refusal: 'I can' })}${chunk({ refusal: 'not.' }, 'stop')}`],
    ['a refusal', complete, whole({ content: null, refusal: 'I cannot.' })],
  ])('that ends with %s has rejected the task', async (name, harness, body) => {
    const { error } = await ask(body, { harness });
    expect(error).toMatchObject({ code: 'agent_rejected', retryable: false });
    if (name.includes('refusal')) expect(error?.message).toBe('The agent "probe" refused: I cannot.');
  });

  test('that thinks aloud has it passed over', async () => {
    const { events } = await ask(
      `${chunk({ reasoning_content: 'hm' })}${chunk({
        content: [
          { type: 'thinking', thinking: [] },
          { type: 'text', text: 'x' },
        ],
      })}${chunk({}, 'stop')}`,
    );
    expect(events).toEqual([{ type: 'token', text: 'x' }, done]);
  });

  test.each([
    [{ type: 'rate_limit_error', message: 'slow' }, 'agent_busy'],
    [{ code: 'insufficient_quota', message: 'pay' }, 'agent_busy'],
    [{ code: 429, message: 'slow' }, 'agent_busy'],
    [{ type: 'invalid_request_error', code: 'context_length_exceeded', message: 'long' }, 'agent_rejected'],
    [{ code: 502, message: 'upstream' }, 'agent_failed'],
    [{ message: 'broken' }, 'agent_failed'],
    ['broken', 'agent_failed'],
  ])('may report an error with status 200: %j', async (error, code) => {
    for (const harness of [streamed, complete]) {
      const json = JSON.stringify({ error });
      const asked = await ask(harness === streamed ? `${chunk({ content: 'x' })}data: ${json}\n\n` : json, { harness });
      expect(asked.error?.code).toBe(code);
      expect(asked.events.some(({ type }) => type === 'done')).toBe(false);
    }
  });

  test.each([
    ['breaks off', chunk({ content: 'x' }), 'agent_incomplete'],
    ['asks for a tool', chunk({ tool_calls: [] }, 'tool_calls'), 'agent_protocol'],
    ['is no JSON', 'data: hello\n\n', 'agent_protocol'],
    ['has another form', 'data: {"choices":"no"}\n\n', 'agent_protocol'],
  ])('whose stream %s has failed', async (_, body, code) => {
    expect((await ask(body)).error?.code).toBe(code);
  });

  test.each(['{"choices":[]}', '{"response":"x"}', '{"choices":[', '"x"'])('may not answer %s', async (body) => {
    expect((await ask(body, { harness: complete })).error?.code).toBe('agent_protocol');
  });

  test('that is busy says how long', async () => {
    const { error } = await ask((response) => void response.writeHead(429, { 'retry-after': '7' }).end());
    expect(error).toMatchObject({ code: 'agent_busy', retryAfterMs: 7_000 });
  });

  test.each([401, 403])('that answers %i is not quoted: it may repeat the key', async (status) => {
    const { error } = await ask(
      (response) => void response.writeHead(status).end('{"error":{"message":"Incorrect API key: sk-secret"}}'),
    );
    expect(error?.message).toBe(`The agent "probe" answered ${status}.`);
    expect(String(error?.cause)).not.toContain('sk-secret');
  });

  test('is told the role, and how to answer', async () => {
    const { received } = await ask(streamed.good(['x']), {
      fields: { max_tokens: 50, openai: { model: 'm2', system_prompt: 'You are a poet.', temperature: 0.5 } },
    });
    const body = JSON.parse(received[0]?.body ?? '');
    expect(body).toMatchObject({ model: 'm2', temperature: 0.5, max_tokens: 50 });
    expect(body.messages[0]).toEqual({ role: 'system', content: 'You are a poet.' });
  });

  test('that lacks a field of the request is asked without it, once for each, and remembered', async () => {
    const lacks = [
      "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens'.",
      "'temperature' is not supported",
      'stream_options?',
    ];
    let turn = 0;
    const script: Script = (response) => {
      const lack = lacks[turn];
      turn += 1;
      if (lack === undefined)
        response.writeHead(200, { 'content-type': 'text/event-stream' }).end(streamed.good(['x']));
      else
        response
          .writeHead(400, { 'content-type': 'application/json' })
          .end(JSON.stringify({ error: { message: lack } }));
    };
    const fields = { max_tokens: 5, openai: { model: 'm1', temperature: 1 } };
    const { error, received } = await ask(script, { fields });
    expect(error).toBeNull();
    expect(received).toHaveLength(4);
    const last = JSON.parse(received[3]?.body ?? '');
    expect(Object.keys(last).toSorted()).toEqual(['max_completion_tokens', 'messages', 'model', 'stream']);
    const other = await ask((response) => void response.writeHead(400).end('{"error":{"message":"no"}}'), { fields });
    expect(other.received).toHaveLength(1);
  });
});

describe('the offline model', () => {
  test.each(['dynamic_events', 'static'] as const)('is an agent of any registration (%s)', async (mode) => {
    await using offline = await openOfflineModel();
    const { events, error } = await gather({ agent: agentOf({ ...streamed, mode }, offline.url) });
    expect(error).toBeNull();
    expect(said(events)).toContain('Say it.');
    expect(events.at(-1)).toMatchObject({ type: 'done', usage: { total_tokens: expect.any(Number) } });
    expect(events.length).toBeGreaterThan(mode === 'static' ? 1 : 3);
  });

  test('backs a role', async () => {
    await using offline = await openOfflineModel();
    await using http = openHttp({ policy: 'operator' });
    const settings = { openaiBaseUrl: offline.url, model: 'gpt-4o', offlineModel: true };
    const modelServer = modelServerOf(
      { ...settings, modelPrice: { input_per_million: 0, output_per_million: 0, per_call: 0 } },
      http,
    );
    if (modelServer === undefined) expect.fail('expected a server');
    const agent = agentOf(
      { mode: 'static', fields: { transport: 'model', model: { system_prompt: 'You are kind.' } } },
      offline.url,
    );
    const { events, error } = await gather({ agent, modelServer });
    expect(error).toBeNull();
    expect(said(events)).not.toBe('');
  });
});

describe('a role of the configured model', () => {
  const role = (fields: object = {}) =>
    AgentDescriptor.parse({
      agent_id: 'probe',
      name: 'P',
      capabilities: ['custom'],
      transport: 'model',
      model: {},
      ...fields,
    });

  test('cannot be called where no model is configured', async () => {
    expect((await gather({ agent: role() })).error).toMatchObject({ code: 'model_not_configured', retryable: false });
  });

  test("is called with the operator's key and model, and none of the server's words are shown", async () => {
    await using server = await openScriptedServer(
      (response) =>
        void response.writeHead(400, { 'content-type': 'application/json' }).end('{"error":{"message":"project p1"}}'),
    );
    await using http = openHttp({ policy: 'operator' });
    const modelServer = { http, baseUrl: `${server.url}/v1`, apiKey: 'k1', model: 'configured' };
    const { error } = await gather({ agent: role(), modelServer });
    expect(error).toMatchObject({ code: 'agent_rejected', message: 'The agent "probe" answered 400.' });
    expect(server.received[0]).toMatchObject({ path: '/v1/chat/completions', headers: { authorization: 'Bearer k1' } });
    expect(JSON.parse(server.received[0]?.body ?? '').model).toBe('configured');
    await gather({ agent: role({ model: { model: 'own' } }), modelServer });
    expect(JSON.parse(server.received[1]?.body ?? '').model).toBe('own');
  });
});

test('a role of the configured model does a task in a run', async () => {
  await using offline = await openOfflineModel();
  await using engine = await openEngine({ env: { OPENAI_BASE_URL: offline.url } });
  const about = { agent_id: 'poet', name: 'Poet', capabilities: ['translation'], transport: 'model' };
  const model = { system_prompt: 'You are a poet.' };
  await openRegistry(engine.opened.store).put(
    AgentDescriptor.parse({ ...about, model, streaming_mode: 'dynamic_events' }),
  );
  const { results, events } = await engine.runToEnd(planOf({ a: { capability: 'translation', agent: 'poet' } }));
  expect(results.get('a')).toMatchObject({ status: 'completed', agent_id: 'poet', usage: expect.any(Object) });
  expect(events.filter(({ name }) => name === 'task.token').length).toBeGreaterThan(1);
});

test('a role of the model is passed over by a worker that has none, whoever would be best', async () => {
  await using engine = await openEngine({ env: { OPENAI_BASE_URL: '' } });
  const registry = openRegistry(engine.opened.store);
  const about = { name: 'x', capabilities: ['translation'] };
  const poet = { agent_id: 'poet', transport: 'model', model: {}, priority: 9 };
  await registry.put(AgentDescriptor.parse({ ...about, ...poet }));
  await registry.put(AgentDescriptor.parse({ ...about, agent_id: 'plain', priority: 8, static_response: 'Bonjour.' }));
  const { results, events } = await engine.runToEnd(planOf({ a: { capability: 'translation' } }));
  expect(results.get('a')).toMatchObject({ status: 'completed', agent_id: 'plain', attempts: 1 });
  const selected = events.find(({ name }) => name === 'agent.selected');
  expect(JSON.stringify(selected)).toContain('this worker has none: set OPENAI_API_KEY or OPENAI_BASE_URL');
});

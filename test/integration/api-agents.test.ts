// Agents over the API: registration, changes, lists, health, and every way to get it wrong.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openClient } from '../../src/client/client.ts';
import { AgentDetail, AgentPage } from '../../src/contracts/agent-view.ts';
import { Problem } from '../../src/contracts/error.ts';
import { defaults, limits } from '../../src/contracts/limits.ts';
import { openTestApi, type TestApi } from '../support/api.ts';
import { agentOf, openChooses } from '../support/choosing.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';
import { openScriptedServer } from '../support/scripted-server.ts';

let redis: TestRedis;
let door: TestApi;

beforeAll(async () => {
  redis = await startTestRedis();
  door = await openTestApi(redis.url);
});

beforeEach(async () => {
  await door.store.redis.flushall();
});

afterAll(async () => {
  await door[Symbol.asyncDispose]();
  await redis.stop();
});

const agent = { name: 'Finder', endpoint: 'http://127.0.0.1:9', capabilities: ['search'] };
type Sent = { readonly body?: unknown; readonly headers?: Record<string, string> };

const send = (method: string, path: string, { body, headers = {} }: Sent = {}): Promise<Response> =>
  fetch(`${door.url}${path}`, {
    method,
    headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
const put = (id: string, fields: object = {}, headers = {}) =>
  send('PUT', `/v1/agents/${id}`, { body: { ...agent, ...fields }, headers });
const problemOf = async (response: Promise<Response>) => Problem.parse(await (await response).json());
const detailOf = async (id: string) => AgentDetail.parse(await (await send('GET', `/v1/agents/${id}`)).json());
const idsOf = async (query: string): Promise<readonly string[]> =>
  AgentPage.parse(await (await send('GET', `/v1/agents${query}`)).json()).agents.map(({ agent_id }) => agent_id);

describe('registration', () => {
  test('POST registers a new agent, again the same one, and no other under its id', async () => {
    const body = { ...agent, agent_id: 'finder' };
    const created = await send('POST', '/v1/agents', { body });
    expect([created.status, created.headers.get('location')]).toEqual([201, '/v1/agents/finder']);
    expect((await send('POST', '/v1/agents', { body })).status).toBe(200);
    const other = { ...body, endpoint: 'http://127.0.0.1:10' };
    const refused = await problemOf(send('POST', '/v1/agents', { body: other }));
    expect(refused).toMatchObject({ status: 409, code: 'agent_exists', errors: [{ path: 'agent_id' }] });
    expect((await detailOf('finder')).endpoint).toBe('http://127.0.0.1:9');
  });

  test('one agent is shown with everything that is known of it', async () => {
    await put('finder', { max_concurrent_tasks: 2 });
    expect(await detailOf('finder')).toMatchObject({
      ...{ agent_id: 'finder', healthy: true, broken: false, busy: 0, source: 'registered', seen_by: 'registration' },
      record: { weight: 0, success: 1, latency_ms: null },
    });
    await send('POST', '/v1/agents/finder/heartbeat');
    const { last_seen_at, seen_by } = await detailOf('finder');
    expect(seen_by).toBe('heartbeat');
    expect(Math.abs(Date.now() - Date.parse(last_seen_at ?? ''))).toBeLessThan(2_000);
  });

  test('PATCH changes single fields, whoever serves the agent stays', async () => {
    await put('finder', { metadata: { a: 1, b: 2 }, priority: 3 }, { 'x-baton-instance': 'i-1' });
    const changed = await send('PATCH', '/v1/agents/finder', { body: { priority: 7, metadata: { a: null, c: 3 } } });
    expect([changed.status, await changed.json()]).toMatchObject([200, { priority: 7, metadata: { b: 2, c: 3 } }]);
    expect((await detailOf('finder')).metadata).toEqual({ b: 2, c: 3 });
    expect((await problemOf(send('POST', '/v1/agents/finder/heartbeat'))).code).toBe('agent_instance_mismatch');
    await send('PATCH', '/v1/agents/finder', { body: { priority: null } });
    expect((await detailOf('finder')).priority).toBe(0);
  });

  test('If-Match changes only what has been read', async () => {
    const first = (await put('finder')).headers.get('etag') ?? '';
    expect((await send('GET', '/v1/agents/finder')).headers.get('etag')).toBe(first);
    const patch = (etag: string, priority = 1) =>
      send('PATCH', '/v1/agents/finder', { body: { priority }, headers: { 'if-match': etag } });
    expect((await patch(first)).status).toBe(200);
    expect((await patch(first)).status).toBe(200); // the same change sent again, as after a lost answer
    expect(await problemOf(patch(first, 2))).toMatchObject({ status: 412, code: 'precondition_failed' });
    expect(await problemOf(put('finder', {}, { 'if-match': first }))).toMatchObject({ status: 412 });
    expect((await patch('*')).status).toBe(200);
    expect(await problemOf(put('nobody', {}, { 'if-match': '*' }))).toMatchObject({ status: 404 });
  });

  test('changes of many at the same time are all in the end', async () => {
    await put('finder');
    const fields = Array.from({ length: 5 }, (_, index) => `f${index}`);
    const answers = await Promise.all(
      fields.map((field) => send('PATCH', '/v1/agents/finder', { body: { metadata: { [field]: 1 } } })),
    );
    expect(answers.map(({ status }) => status)).toEqual(fields.map(() => 200));
    expect(Object.keys((await detailOf('finder')).metadata).toSorted()).toEqual(fields);
  });

  test('heartbeats and removals of another instance are refused until it takes the agent over', async () => {
    const as = (instance: string) => ({ 'x-baton-instance': instance });
    await put('finder', {}, as('old'));
    await put('finder', {}, as('new'));
    const beat = send('POST', '/v1/agents/finder/heartbeat', { headers: as('old') });
    expect(await problemOf(beat)).toMatchObject({ status: 409, code: 'agent_instance_mismatch' });
    const removal = send('DELETE', '/v1/agents/finder', { headers: as('old') });
    expect(await problemOf(removal)).toMatchObject({ status: 409, code: 'agent_instance_mismatch' });
    expect((await send('POST', '/v1/agents/finder/heartbeat', { headers: as('new') })).status).toBe(204);
    expect((await send('DELETE', '/v1/agents/finder', { headers: as('new') })).status).toBe(204);
  });

  test('an agent is registered by its card, with fields of whoever registers it', async () => {
    await using server = await openScriptedServer((response, { path }) => {
      if (path !== '/.well-known/agent-card.json') return void response.writeHead(404).end();
      response.end(
        JSON.stringify({
          ...{ name: 'Route finder', description: 'finds routes', version: '1', capabilities: { streaming: true } },
          ...{ defaultInputModes: ['text/plain'], defaultOutputModes: ['text/plain'] },
          skills: [{ id: 'find', name: 'Find a route', description: 'x', tags: ['search'] }],
          supportedInterfaces: [{ url: `${server.url}/rpc`, protocolBinding: 'JSONRPC', protocolVersion: '1.0' }],
        }),
      );
    });
    const created = await send('POST', '/v1/agents', { body: { card_url: server.url, priority: 4 } });
    expect([created.status, await created.json()]).toMatchObject([
      201,
      { agent_id: 'route-finder', transport: 'a2a', capabilities: ['search'], priority: 4 },
    ]);
    const missing = { card_url: `${server.url}/nothing` };
    expect(await problemOf(send('POST', '/v1/agents', { body: missing }))).toMatchObject({
      status: 422,
      errors: [{ path: 'card_url' }],
    });
  });
});

describe('bad input', () => {
  const deep = (levels: number): string => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`;

  test.each<[string, unknown, string]>([
    [
      'a key of a prototype',
      '{"name": "x", "metadata": {"a": [{"__proto__": {"admin": true}}]}}',
      'metadata.a[0].__proto__',
    ],
    ['a field called like a constructor', '{"constructor": 1}', 'constructor'],
    [
      'an example with a prototype',
      '{"payload_schema": {"example": {"prototype": 1}}}',
      'payload_schema.example.prototype',
    ],
    ['an unknown capability', { ...agent, capabilities: ['magic'] }, 'capabilities[0]'],
    ['an unknown field', { ...agent, colour: 'red' }, ''],
    ['a bad URL', { ...agent, endpoint: 'nowhere' }, 'endpoint'],
    ['a protocol of another transport', { ...agent, mcp: { tool: 't' } }, 'mcp'],
    [
      'a schema with a pattern',
      { ...agent, payload_schema: { json_schema: { pattern: '(a+)+' } } },
      'payload_schema.json_schema.pattern',
    ],
    [
      'a schema that points elsewhere',
      { ...agent, payload_schema: { json_schema: { $ref: 'http://x' } } },
      'payload_schema.json_schema.$ref',
    ],
    ['more bytes than allowed', { ...agent, metadata: { a: 'x'.repeat(limits.descriptorBytes) } }, ''],
    ['too many levels', `{"metadata": ${deep(200)}}`, ''],
    ['an instance that is none', { ...agent, instance: 'a b' }, 'instance'],
  ])('%s is refused by name', async (_what, body, path) => {
    for (const [method, address] of [
      ['PUT', '/v1/agents/a-1'],
      ['POST', '/v1/agents'],
      ['PATCH', '/v1/agents/a-1'],
    ] as const) {
      if (method === 'PATCH') await put('a-1', { metadata: {} });
      const sent = typeof body === 'string' || method !== 'POST' ? body : { ...(body as object), agent_id: 'a-2' };
      const problem = await problemOf(send(method, address, { body: sent }));
      expect([method, problem.status, problem.code, problem.errors[0]?.path]).toEqual([
        method,
        422,
        'invalid_request',
        path,
      ]);
    }
    expect(({} as { admin?: unknown }).admin).toBeUndefined();
    expect(await idsOf('')).toEqual(['a-1']);
  });

  test.each([
    ['an endpoint', { ...agent, endpoint: 'http://169.254.169.254/latest' }, 'endpoint'],
    ['a card', { ...agent, transport: 'a2a', a2a: { card_url: 'http://10.0.0.1/card.json' } }, 'a2a.card_url'],
  ])('%s at an address that agents may not have is refused with the reason', async (_what, body, path) => {
    const problem = await problemOf(send('PUT', '/v1/agents/a-1', { body }));
    expect(problem).toMatchObject({ status: 422, code: 'address_refused', errors: [{ path }] });
    expect(problem.errors[0]?.message).toContain('BATON_AGENT_HOSTS');
  });

  test.each([
    ['a card at such an address', { card_url: 'http://169.254.169.254/card' }],
    ['a card that is nowhere', { card_url: 'http://127.0.0.1:9/card' }],
    ['a card that has no address', { card_url: 7 }],
  ])('%s is refused', async (_what, body) => {
    expect(await problemOf(send('POST', '/v1/agents', { body }))).toMatchObject({
      status: 422,
      errors: [{ path: 'card_url' }],
    });
  });

  test.each(['capability=magic', 'healthy=maybe', 'limit=0', 'limit=100000', 'cursor=a%20b', 'skill='])(
    'a list with %s is refused by name',
    async (query) => {
      const problem = await problemOf(send('GET', `/v1/agents?${query}`));
      expect([problem.code, problem.errors[0]?.path]).toEqual(['invalid_request', query.split('=')[0]]);
    },
  );

  test.each([
    ['GET', '/v1/agents/nobody'],
    ['PATCH', '/v1/agents/nobody'],
  ])('%s of an agent that is not there is a 404', async (method, path) => {
    const body = method === 'GET' ? {} : { body: {} };
    expect(await problemOf(send(method, path, body))).toMatchObject({ status: 404, code: 'agent_not_found' });
  });

  test('without a discovery service there is no state of one', async () => {
    expect(await problemOf(send('GET', '/v1/discovery'))).toMatchObject({
      status: 404,
      code: 'discovery_not_configured',
    });
    expect((await problemOf(send('POST', '/v1/discovery/refresh'))).detail).toContain('DISCOVERY_SERVICE_URL');
  });
});

describe('lists', () => {
  test('are filtered, in pages by id', async () => {
    await put('a-coder', { capabilities: ['code_generation', 'search'], skills: ['Python'] });
    await put('b-finder', { description: 'knows Paris' });
    await put('c-text', { endpoint: null, static_response: 'x' });
    await door.store.redis.del(door.store.keys.agentHealth('b-finder'));
    expect(await idsOf('')).toEqual(['a-coder', 'b-finder', 'c-text']);
    expect(await idsOf('?capability=code_generation')).toEqual(['a-coder']);
    expect(await idsOf('?healthy=false')).toEqual(['b-finder']);
    expect(await idsOf('?healthy=true&skill=python')).toEqual(['a-coder']);
    expect(await idsOf('?q=paris')).toEqual(['b-finder']);
    const page = AgentPage.parse(await (await send('GET', '/v1/agents?limit=2')).json());
    expect(page.next_cursor).toBe('b-finder');
    expect(await idsOf(`?limit=2&cursor=${page.next_cursor}`)).toEqual(['c-text']);
  });

  test('the client follows the pages, and does all the rest too', async () => {
    const client = openClient({ url: door.url });
    await client.createAgent({
      agent_id: 'one',
      name: 'One',
      endpoint: 'http://127.0.0.1:9',
      capabilities: ['search'],
    });
    await client.putAgent(
      { agent_id: 'two', name: 'Two', endpoint: 'http://127.0.0.1:9', capabilities: ['custom'] },
      { instance: 'i-1' },
    );
    await client.heartbeat('two', { instance: 'i-1' });
    const { etag } = await client.agent('one');
    await client.changeAgent('one', { priority: 9 }, { ifMatch: etag });
    expect((await client.agents({ capability: 'search' })).map(({ priority }) => priority)).toEqual([9]);
    await client.removeAgent('one');
    expect((await client.agents()).map(({ agent_id }) => agent_id)).toEqual(['two']);
    await expect(client.discovery()).rejects.toMatchObject({ code: 'discovery_not_configured' });
  });
});

describe('changes', () => {
  type Following = AsyncDisposable & {
    readonly next: () => Promise<{ name: string; agent_id: string | null; id: string }>;
  };

  /** Follows the changes as NDJSON; open once it resolves. */
  async function follow(query = '', headers = {}): Promise<Following> {
    const leaving = new AbortController();
    const response = await fetch(`${door.url}/v1/agents/events${query}`, {
      headers: { accept: 'application/x-ndjson', ...headers },
      signal: leaving.signal,
    });
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    return {
      next: async () => {
        while (!text.includes('\n')) text += (await reader?.read())?.value ?? '';
        const [line = '', ...rest] = text.split('\n');
        text = rest.join('\n');
        return JSON.parse(line);
      },
      [Symbol.asyncDispose]: async () => leaving.abort(),
    };
  }
  const brief = ({ name, agent_id }: { name: string; agent_id: string | null }) => `${agent_id} ${name}`;

  test('are told as they happen, to everybody who follows', async () => {
    await using first = await follow();
    await using second = await follow();
    // A reader begins where the log ends when it is heard first: what follows is repeated until both have heard of something.
    await put('finder');
    await put('finder', { priority: 1 });
    await using worker = openChooses(door.store);
    const failures = Array.from({ length: 2 * defaults.breakerFailures }, () => 'agent_failed' as const);
    await worker.tell(agentOf('finder'), ...failures);
    await send('DELETE', '/v1/agents/finder');
    for (const reader of [first, second]) {
      const heard: string[] = [];
      while (heard.at(-1) !== 'finder agent.removed') heard.push(brief(await reader.next()));
      expect(heard.slice(-2)).toEqual(['finder agent.broken', 'finder agent.removed']);
      expect(heard.filter((line) => line.endsWith('broken'))).toHaveLength(1);
    }
  });

  test('go on after the last one that was heard, from the beginning if asked', async () => {
    await put('one');
    await put('two');
    await using all = await follow('?after=0-0');
    const heard = await all.next();
    expect([brief(heard), brief(await all.next())]).toEqual(['one agent.registered', 'two agent.registered']);
    await using rest = await follow('', { 'last-event-id': heard.id });
    expect(brief(await rest.next())).toBe('two agent.registered');
    await put('three');
    expect([brief(await rest.next()), brief(await all.next())]).toEqual([
      'three agent.registered',
      'three agent.registered',
    ]);
  });

  test('that are no longer kept are one gap, after which the next ones come', async () => {
    await put('one');
    await using early = await follow('?after=0-0');
    const { id } = await early.next();
    for (let index = 0; index < 5; index += 1) await put('one', { priority: index + 1 });
    await door.store.redis.xtrim(door.store.keys.agentEvents, 'MAXLEN', 2);
    await using late = await follow('', { 'last-event-id': id });
    expect(brief(await late.next())).toBe('null registry.gap');
    await put('two');
    expect(brief(await late.next())).toBe('two agent.registered');
  });

  test('come as server-sent events with ids too, and an id that is none is refused', async () => {
    await put('one');
    const leaving = new AbortController();
    const response = await fetch(`${door.url}/v1/agents/events?after=0-0`, { signal: leaving.signal });
    expect(response.headers.get('content-type')).toContain('text/event-stream');
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    while (!text.includes('agent.registered')) text += (await reader?.read())?.value ?? '';
    expect(text).toMatch(/^retry: \d+\n\nid: \d+-\d+\ndata: \{.*"agent_id":"one".*\}\n\n$/);
    leaving.abort();
    expect((await problemOf(send('GET', '/v1/agents/events?after=x'))).code).toBe('invalid_cursor');
  });

  test('a process with hundreds of readers asks Redis over one blocking connection', async () => {
    await using stack = new AsyncDisposableStack();
    const readers = await Promise.all(Array.from({ length: 200 }, () => follow('?after=0-0')));
    for (const reader of readers) stack.use(reader);
    await put('one');
    await Promise.all(readers.map(async (reader) => expect(brief(await reader.next())).toBe('one agent.registered')));
    const clients = String(await door.store.redis.client('LIST'));
    expect(clients.split('\n').filter((line) => line.includes('cmd=xread')).length).toBeLessThanOrEqual(1);
  });
});

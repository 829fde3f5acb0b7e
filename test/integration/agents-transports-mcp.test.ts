// One tool of an MCP server as an agent, against the SDK's own server and against scripted ones.
import { describe, expect, test } from 'vitest';
import type { CallLimits } from '../../src/agents/call.ts';
import { traceparentOf } from '../../src/agents/call-headers.ts';
import { AgentDescriptor } from '../../src/contracts/agent.ts';
import { done, gather, openTestCall, testCall, transportSuite } from '../suites/transport-suite.ts';
import { behavingTool, openMcpServer, type ToolScript } from '../support/mcp-server.ts';
import { openScriptedServer, type Script } from '../support/scripted-server.ts';

function agentAt(endpoint: string, mcp: object = { tool: 'say' }): AgentDescriptor {
  const about = { agent_id: 'probe', name: 'Probe', capabilities: ['custom'], streaming_mode: 'static' };
  return AgentDescriptor.parse({ ...about, endpoint, transport: 'mcp', mcp });
}

for (const [name, legacyOnly] of [
  ['mcp', false],
  ['mcp (2025)', true],
] as const) {
  transportSuite({
    name,
    says: 'message',
    single: true,
    calls: true,
    // The SDK is loaded by the first call.
    patienceMs: 2_000,
    open: async (behaviour) => {
      const server = await openMcpServer(behavingTool(behaviour), legacyOnly);
      return { ...server, agent: agentAt(server.url) };
    },
  });
}

/** One call of a tool that does so. */
async function ask(script: ToolScript, options: Readonly<{ mcp?: object; legacyOnly?: boolean }> = {}) {
  await using server = await openMcpServer(script, options.legacyOnly);
  const asked = await gather({ agent: agentAt(server.url, options.mcp) });
  return { ...asked, calls: server.calls, requests: server.requests };
}

const text = (said: string) => ({ content: [{ type: 'text' as const, text: said }] });

describe('a tool of an MCP server', () => {
  test('is given input_data as arguments, and whose call it is', async () => {
    const { calls } = await ask(() => text('x'));
    expect(calls).toHaveLength(1);
    expect(calls[0]?.input).toEqual({ query: 'it' });
    expect(calls[0]?.meta).toMatchObject({
      traceparent: traceparentOf(testCall),
      'baton/idempotency-key': testCall.idempotencyKey,
      'baton/attempt': 2,
    });
    expect(calls[0]?.headers).toMatchObject({ 'idempotency-key': testCall.idempotencyKey, 'x-baton-attempt': '2' });
  });

  test.each([
    ['text', { query: 'it', text: 'Say it.' }],
    ['query', { query: 'it' }],
  ])('is given the description as "%s" when input_data has none of it', async (text_argument, input) => {
    const { calls } = await ask(() => text('x'), { mcp: { tool: 'say', text_argument } });
    expect(calls[0]?.input).toEqual(input);
  });

  test.each([
    ['its texts, joined', { content: [...text('a').content, ...text('b').content] }, 'a\nb'],
    ['its texts before its structure', { ...text('a'), structuredContent: { b: 1 } }, 'a'],
    ['its structure, when it has no text', { content: [], structuredContent: { b: 1 } }, '{"b":1}'],
  ])('answers %s', async (_, result, said) => {
    const { events, error } = await ask(() => result);
    expect(error).toBeNull();
    expect(events).toEqual([{ type: 'message', text: said }, done]);
  });

  test('may have nothing to say', async () => {
    expect((await ask(() => ({ content: [] }))).events).toEqual([done]);
  });

  test('that shows what is no text has not answered', async () => {
    // The SDK's types know more kinds of content than this helper.
    const image = { content: [{ type: 'image', data: 'AAAA', mimeType: 'image/png' }] } as unknown as ReturnType<
      typeof text
    >;
    expect((await ask(() => image)).error).toMatchObject({ code: 'agent_protocol' });
  });

  test('reports progress as status', async () => {
    const { events } = await ask(async (_, { mcpReq }) => {
      const progressToken = mcpReq._meta?.progressToken;
      if (progressToken === undefined) throw new Error('expected a token');
      const params = { progressToken, progress: 1, total: 2, message: 'half' };
      await mcpReq.notify({ method: 'notifications/progress', params });
      return text('x');
    });
    expect(events).toEqual([{ type: 'status', text: 'half' }, { type: 'message', text: 'x' }, done]);
  });

  test.each([false, true])('that is not there has rejected the task, and is named (legacy: %s)', async (legacyOnly) => {
    const { error } = await ask(() => text('x'), { mcp: { tool: 'sing' }, legacyOnly });
    expect(error).toMatchObject({ code: 'agent_rejected', retryable: false });
    expect(error?.message).toContain('"sing"');
  });

  test.each(['MCP error -32602: Tool sing not found', 'Unknown tool: sing'])(
    'that is not there may be told of as a failure: %s',
    async (words) => {
      const server = rpc((id) => ({ jsonrpc: '2.0', id, result: { ...text(words), isError: true } }));
      expect((await askScripted(server, { mcp: { tool: 'sing' } })).error).toMatchObject({
        code: 'agent_rejected',
        message: 'The agent "probe" has no tool "sing".',
      });
    },
  );

  test('that answers for another task is refused', async () => {
    const { error, events } = await ask(() => ({ ...text('x'), _meta: { 'baton/idempotency-key': 'r.other' } }));
    expect(error?.code).toBe('agent_protocol');
    expect(events).toEqual([]);
  });

  test('is asked for in few requests: no list, no stream of its own', async () => {
    const modern = await ask(() => text('x'));
    expect(modern.requests).toEqual(['POST server/discover', 'POST tools/call']);
    const legacy = await ask(() => text('x'), { legacyOnly: true });
    expect(legacy.requests.filter((request) => !request.includes('notifications'))).toEqual([
      'POST server/discover',
      'POST initialize',
      'POST tools/call',
    ]);
  });
});

type Rpc = (id: unknown) => unknown;

/** A server of 2025 with a session that answers tools/call so. */
function serving(answer: Script): Script {
  return (response, received) => {
    const { method, id } = received.body === '' ? { method: received.method } : JSON.parse(received.body);
    if (method === 'tools/call') return answer(response, received);
    if (method === 'DELETE') return void response.writeHead(204).end();
    if (method === 'initialize') return sendJson(response, { jsonrpc: '2.0', id, result: initialized });
    if (id === undefined) return void response.writeHead(202).end();
    return sendJson(response, { jsonrpc: '2.0', id, error: { code: -32_601, message: 'Method not found' } });
  };
}

const initialized = {
  protocolVersion: '2025-06-18',
  capabilities: { tools: {} },
  serverInfo: { name: 't', version: '1' },
};

function sendJson(response: Parameters<Script>[0], value: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json', 'mcp-session-id': 's1' }).end(JSON.stringify(value));
}

function rpc(answer: Rpc): Script {
  return serving((response, { body }) => sendJson(response, answer(JSON.parse(body).id)));
}

async function askScripted(script: Script, { mcp, limits }: { mcp?: object; limits?: Partial<CallLimits> } = {}) {
  await using server = await openScriptedServer(script);
  const asked = await gather({ agent: agentAt(server.url, mcp), ...(limits === undefined ? {} : { limits }) });
  return { ...asked, received: server.received };
}

describe('an MCP server', () => {
  test.each([
    ['after an answer', rpc((id) => ({ jsonrpc: '2.0', id, result: text('x') }))],
    ['after a failure', rpc((id) => ({ jsonrpc: '2.0', id, error: { code: -32_603, message: 'broken' } }))],
    ['after a limit', serving(() => undefined)],
  ])('has its session ended %s', async (_, script) => {
    const ended = Promise.withResolvers<unknown>();
    await using server = await openScriptedServer(async (response, received) => {
      if (received.method === 'DELETE') ended.resolve(received.headers['mcp-session-id']);
      await script(response, received);
    });
    await using call = openTestCall({ agent: agentAt(server.url), limits: { totalMs: 1_500 } });
    for (let over: boolean | undefined = false; over !== true; )
      over = await call.next().then(
        ({ done: last }) => last,
        () => true,
      );
    expect(await ended.promise).toBe('s1');
  });

  test.each([
    [
      'its own error',
      rpc((id) => ({ jsonrpc: '2.0', id, error: { code: -32_603, message: 'broken' } })),
      'agent_failed',
    ],
    [
      'wrong arguments',
      rpc((id) => ({ jsonrpc: '2.0', id, error: { code: -32_602, message: 'no' } })),
      'agent_rejected',
    ],
    ['500', serving((response) => void response.writeHead(500).end()), 'agent_failed'],
    ['404', serving((response) => void response.writeHead(404).end()), 'agent_rejected'],
    ['503', serving((response) => void response.writeHead(503).end()), 'agent_failed'],
    [
      'another type',
      serving((response) => void response.writeHead(200, { 'content-type': 'text/html' }).end('<p>')),
      'agent_protocol',
    ],
    [
      'no JSON',
      serving((response) => void response.writeHead(200, { 'content-type': 'application/json' }).end('{')),
      'agent_protocol',
    ],
    ['another form', rpc((id) => ({ jsonrpc: '2.0', id, result: { content: 'x' } })), 'agent_protocol'],
    ['a redirect', serving((response) => void response.writeHead(307, { location: '/other' }).end()), 'agent_protocol'],
    [
      'an empty stream',
      serving((response) => void response.writeHead(200, { 'content-type': 'text/event-stream' }).end()),
      'agent_incomplete',
    ],
    [
      'an answer to another request',
      rpc((_) => ({ jsonrpc: '2.0', id: 'other', result: text('x') })),
      'agent_protocol',
    ],
    [
      'a stream of something else',
      serving(
        (response) => void response.writeHead(200, { 'content-type': 'text/event-stream' }).end('data: hello\n\n'),
      ),
      'agent_protocol',
    ],
    [
      'a stream that breaks off',
      serving((response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: {', () => response.destroy());
      }),
      'agent_incomplete',
    ],
    ['a hang-up', serving((response) => void response.destroy()), 'agent_unreachable'],
    ['too much', rpc((id) => ({ jsonrpc: '2.0', id, result: text('x'.repeat(200_000)) })), 'output_too_large'],
  ])('that answers the call with %s has failed so', async (_, script, code) => {
    const { error, received } = await askScripted(script, { limits: { maxBytes: 100_000 } });
    expect(error?.code).toBe(code);
    expect(received.filter(({ body }) => body.includes('tools/call'))).toHaveLength(1);
  });

  test('that is busy says how long', async () => {
    const busy = serving((response) => void response.writeHead(429, { 'retry-after': '7' }).end());
    expect((await askScripted(busy)).error).toMatchObject({ code: 'agent_busy', retryAfterMs: 7_000 });
  });

  test('that is not one is found out', async () => {
    const { error } = await askScripted(
      (response) => void response.writeHead(200, { 'content-type': 'text/html' }).end('<p>'),
    );
    expect(error?.code).toBe('agent_protocol');
  });

  test('that asks its client for something is refused it', async () => {
    const { events } = await askScripted(
      serving((response, { body }) => {
        const { id } = JSON.parse(body);
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.write(
          `data: {"jsonrpc":"2.0","id":99,"method":"sampling/createMessage","params":{"messages":[],"maxTokens":9}}\n\n`,
        );
        response.end(`data: ${JSON.stringify({ jsonrpc: '2.0', id, result: text('x') })}\n\n`);
      }),
    );
    expect(events).toEqual([{ type: 'message', text: 'x' }, done]);
  });
});

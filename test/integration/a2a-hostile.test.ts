// What an A2A agent may get wrong, or do on purpose. The bodies are written by hand: no SDK would send them.
import { describe, expect, test, vi } from 'vitest';
import { AgentDescriptor } from '../../src/contracts/agent.ts';
import { BatonError } from '../../src/contracts/error.ts';
import { askOverA2a, testCall } from '../support/a2a-call.ts';
import { openScriptedServer, type Received, type Script } from '../support/scripted-server.ts';

const context = testCall.runId;
const agentAt = (endpoint: string, mode: string, binding = 'JSONRPC') =>
  AgentDescriptor.parse({
    ...{ agent_id: 'probe', name: 'Probe', transport: 'a2a', endpoint, streaming_mode: mode, capabilities: ['custom'] },
    a2a: { card_url: `${endpoint}/card.json`, binding },
  });

type Asked = Parameters<typeof askOverA2a>[1] & Readonly<{ mode?: string; binding?: string }>;

async function ask(script: Script, { mode = 'dynamic_events', binding = 'JSONRPC', ...options }: Asked = {}) {
  await using server = await openScriptedServer(script);
  return { ...(await askOverA2a({ agent: agentAt(server.url, mode, binding) }, options)), received: server.received };
}

/** The envelope of a result, with the id that was asked with. */
const rpc = ({ body }: Received, result: object): string => {
  const { id } = JSON.parse(body) as { id: number };
  return JSON.stringify({ jsonrpc: '2.0', id, ...('error' in result ? result : { result }) });
};

/** Streams these results and ends. */
const streaming =
  (...results: readonly object[]): Script =>
  (response, received) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.end(results.map((result) => `data: ${rpc(received, result)}\n\n`).join(''));
  };

const task = { id: 'a1', contextId: context, status: { state: 'TASK_STATE_WORKING' } };
const piece = (text: string, more: object = {}) => ({
  artifactUpdate: {
    taskId: 'a1',
    contextId: context,
    artifact: { artifactId: 'x', parts: [{ text }] },
    append: true,
    ...more,
  },
});
const status = (state: string, more: object = {}) => ({
  statusUpdate: { taskId: 'a1', contextId: context, status: { state: `TASK_STATE_${state}` }, ...more },
});

describe('an answer that is not ours', () => {
  test.each([
    ['another task', { ...status('COMPLETED', { taskId: 'a2' }) }],
    ['another context', { ...status('COMPLETED', { contextId: 'other' }) }],
    ['a piece of another task', piece('x', { taskId: 'a2' })],
    ['a message in another context', { message: { messageId: 'm', contextId: 'other', parts: [{ text: 'x' }] } }],
  ])('is refused: %s', async (_what, sent) => {
    const { events, error } = await ask(streaming({ task }, sent));
    expect(error).toMatchObject({ code: 'agent_protocol', retryable: false });
    expect(events).toEqual([]);
  });
});

describe('an answer that is not A2A', () => {
  const plain =
    (type: string, body: string): Script =>
    (response) => {
      response.writeHead(200, { 'content-type': type }).end(body);
    };
  test.each([
    ['a page', plain('text/html', '<p>hello')],
    ['no JSON', plain('text/event-stream', 'data: {"jsonrpc"\n\n')],
    ['a number', plain('text/event-stream', 'data: 42\n\n')],
    ['an envelope without a result', plain('text/event-stream', 'data: {"jsonrpc":"2.0","id":1}\n\n')],
    ['nothing that A2A knows', streaming({ hello: 'world' })],
    ['a state that A2A does not know', streaming({ task }, status('DANCING'))],
    ['the answer to another request', plain('text/event-stream', 'data: {"jsonrpc":"2.0","id":99,"result":{}}\n\n')],
  ])('is refused: %s', async (_what, script) => {
    expect((await ask(script)).error).toMatchObject({ code: 'agent_protocol' });
  });

  test('holds no more of itself in the log than a line', async () => {
    const { error } = await ask(
      plain('text/event-stream', `data: {"jsonrpc":"2.0","id":1,"x":"${'y'.repeat(1e6)}"}\n\n`),
    );
    expect(error?.code).toBe('agent_protocol');
    const cause = error?.cause;
    if (!(cause instanceof Error)) expect.fail('expected a cause');
    expect(cause.message.length).toBeLessThanOrEqual(500);
    expect(cause.cause).toBeUndefined();
  });
});

describe('a refusal', () => {
  const answer =
    (code: number, headers: Record<string, string> = {}, body = ''): Script =>
    (response) => {
      response.writeHead(code, headers).end(body);
    };
  test.each([
    [401, 'agent_rejected'],
    [403, 'agent_rejected'],
    [404, 'agent_rejected'],
    [429, 'agent_busy'],
    [500, 'agent_failed'],
    [503, 'agent_failed'],
    [302, 'agent_protocol'],
  ])('with status %i is %s, in either binding', async (code, expected) => {
    const headers = { location: 'http://127.0.0.1:1/', 'retry-after': '7' };
    for (const binding of ['JSONRPC', 'HTTP+JSON']) {
      const { error, received } = await ask(answer(code, headers), { binding });
      expect(error?.code).toBe(expected);
      if (code === 429 || code === 503) expect(error?.retryAfterMs).toBe(7_000);
      expect(received).toHaveLength(1);
    }
  });

  test.each([
    [-32602, 'agent_rejected'],
    [-32601, 'agent_rejected'],
    [-32005, 'agent_rejected'],
    [-32009, 'agent_rejected'],
    [-32603, 'agent_failed'],
    [-32006, 'agent_failed'],
    [-31999, 'agent_failed'],
  ])('by the JSON-RPC code %i is %s', async (code, expected) => {
    const error = { code, message: 'not today' };
    for (const mode of ['static', 'dynamic_events']) {
      const outcome = await ask(
        (response, received) => {
          response.writeHead(200, { 'content-type': 'application/json' }).end(rpc(received, { error }));
        },
        { mode },
      );
      expect(outcome.error?.code).toBe(expected);
      expect(outcome.error?.message).toContain('not today');
    }
    expect((await ask(streaming({ task }, { error }))).error?.code).toBe(expected);
  });
});

describe('too much, too long, too little', () => {
  test('an event beyond the limit is too large', async () => {
    const { error } = await ask(streaming({ task }, piece('x'.repeat(2_000))), { limits: { eventChars: 1_000 } });
    expect(error?.code).toBe('output_too_large');
  });

  test('an event beyond any limit is too large in either binding', async () => {
    const large = piece('x'.repeat(5_000_000));
    expect((await ask(streaming({ task }, large))).error?.code).toBe('output_too_large');
    const { error } = await ask(
      (response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.end(`data: ${JSON.stringify({ task })}\n\ndata: ${JSON.stringify(large)}\n\n`);
      },
      { binding: 'HTTP+JSON' },
    );
    expect(error?.code).toBe('output_too_large');
  });

  test('a stream over HTTP+JSON tells a failure by the name of its event', async () => {
    const { error } = await ask(
      (response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.write(`data: ${JSON.stringify({ task })}\n\n`);
        response.end('event: error\ndata: {"error":{"code":500,\ndata: "message":"out of flights"}}\n\n');
      },
      { binding: 'HTTP+JSON' },
    );
    expect(error).toMatchObject({ code: 'agent_failed', message: 'The agent "probe" reported: out of flights' });
  });

  test('what is no JSON is not written to the console', async () => {
    const said = vi.spyOn(console, 'error');
    const { error } = await ask(
      (response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' }).end('data: {"x": 1,,}\n\n');
      },
      { binding: 'HTTP+JSON' },
    );
    expect(error?.code).toBe('agent_protocol');
    expect(said).not.toHaveBeenCalled();
    said.mockRestore();
  });

  test('an agent that keeps its stream open after the end does not hold its caller', async () => {
    const { events } = await ask((response, request) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      for (const result of [{ task }, piece('a'), status('COMPLETED')])
        response.write(`data: ${rpc(request, result)}\n\n`);
    });
    expect(events.at(-1)?.type).toBe('done');
  }, 2_000);

  test('an answer of more bytes than allowed is too large', async () => {
    const { error } = await ask(streaming({ task }, piece('x'.repeat(20_000))), { limits: { maxBytes: 10_000 } });
    expect(error?.code).toBe('output_too_large');
  });

  test('an agent that says nothing more is given up, and told so', async () => {
    const { error, received } = await ask(
      (response, request) => {
        if (!request.body.includes('SendStreamingMessage')) {
          response.writeHead(200, { 'content-type': 'application/json' }).end(rpc(request, { id: 'a1' }));
          return;
        }
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.write(`data: ${rpc(request, { task })}\n\n`);
      },
      { limits: { idleMs: 60, firstByteMs: 5_000 } },
    );
    expect(error?.code).toBe('agent_timeout');
    expect(received.at(-1)?.body).toContain('"method":"CancelTask"');
  });

  test('an agent that does not answer the cancellation does not hold its caller', async () => {
    const caller = new AbortController();
    const began = performance.now();
    const { error } = await ask(
      (response, request) => {
        if (!request.body.includes('SendStreamingMessage')) return; // for ever
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.write(`data: ${rpc(request, { task })}\n\ndata: ${rpc(request, piece('a'))}\n\n`);
      },
      { signal: caller.signal, onEvent: () => caller.abort(new BatonError('cancelled')) },
    );
    expect(error?.code).toBe('cancelled');
    expect(performance.now() - began).toBeLessThan(1_500);
  });

  test('a stream that ends early and cannot be taken up again is incomplete', async () => {
    const { events, error } = await ask((response, request) => {
      if (request.body.includes('SendStreamingMessage')) return streaming({ task }, piece('a'))(response, request);
      response.writeHead(503).end();
    });
    expect(events).toEqual([{ type: 'token', text: 'a' }]);
    expect(error).toMatchObject({ code: 'agent_incomplete', retryable: true });
  });

  test('a task that is still at work after both attempts to follow it is incomplete, and cancelled', async () => {
    const { error, received } = await ask((response, request) => {
      if (/SendStreamingMessage|SubscribeToTask/.test(request.body)) return streaming({ task })(response, request);
      response.writeHead(200, { 'content-type': 'application/json' }).end(rpc(request, task));
    });
    expect(error?.code).toBe('agent_incomplete');
    expect(received.map(({ body }) => (JSON.parse(body) as { method: string }).method)).toEqual([
      ...['SendStreamingMessage', 'SubscribeToTask', 'GetTask', 'CancelTask'],
    ]);
  });

  test('text that is taken back is refused: it has been shown', async () => {
    const { events, error } = await ask(streaming({ task }, piece('Rome'), piece('Paris', { append: false })));
    expect(events).toEqual([{ type: 'token', text: 'Rome' }]);
    expect(error).toMatchObject({ code: 'agent_protocol', message: expect.stringContaining('register it as static') });
  });

  test('a question with ids that fill a page is refused', async () => {
    const id = 'a'.repeat(5_000);
    const { error } = await ask(
      streaming({ task: { id, contextId: context, status: { state: 'TASK_STATE_INPUT_REQUIRED' } } }),
    );
    expect(error?.code).toBe('agent_protocol');
  });
});

describe('messages', () => {
  test('are whole artifacts, however many pieces they come in', async () => {
    const of = (id: string, text: string, more: object = {}) => ({
      artifactUpdate: { ...piece('').artifactUpdate, artifact: { artifactId: id, parts: [{ text }] }, ...more },
    });
    const { events } = await ask(
      streaming({ task }, of('x', 'on'), of('x', 'e', { lastChunk: true }), of('y', 'two'), status('COMPLETED')),
      { mode: 'dynamic_messages' },
    );
    expect(events.map((event) => ('text' in event ? [event.type, event.text] : event.type))).toEqual([
      ['message', 'one'],
      ['message', 'two'],
      'done',
    ]);
  });

  test('hold data as JSON, links as they are, and the names of files', async () => {
    const parts = [{ text: 'see ' }, { data: { n: 1 } }, { url: ' https://e.org' }, { raw: 'AAAA', filename: 'a.png' }];
    const { events } = await ask(streaming({ message: { messageId: 'm', parts } }));
    expect(events[0]).toEqual({ type: 'message', text: 'see {"n":1} https://e.org[a.png: 3 bytes, not kept]' });
  });

  test('end an answer that had no artifacts', async () => {
    const message = { messageId: 'm', role: 'ROLE_AGENT', parts: [{ text: 'all in the status' }] };
    const { events } = await ask(
      streaming({ task }, status('COMPLETED', { status: { state: 'TASK_STATE_COMPLETED', message } })),
    );
    expect(events[0]).toEqual({ type: 'message', text: 'all in the status' });
  });
});

describe('the request', () => {
  test('has the task as text and the payload as data, with ids that are the same on every attempt', async () => {
    const { received } = await ask(streaming({ message: { messageId: 'm', parts: [{ text: 'x' }] } }));
    const [request] = received;
    const { params } = JSON.parse(request?.body ?? '') as { params: { message: object } };
    expect(params.message).toEqual({
      ...{ messageId: testCall.idempotencyKey, contextId: testCall.runId, role: 'ROLE_USER' },
      parts: [
        {
          text: expect.stringMatching(
            /^Say it\.\n\nEverything between <result>.*\n\n<result name="t0">\nbefore\n<\/result>$/,
          ),
          mediaType: 'text/plain',
        },
        { data: testCall.payload, mediaType: 'application/json' },
      ],
    });
    expect(request?.headers).toMatchObject({
      ...{ 'a2a-version': '1.0', 'idempotency-key': testCall.idempotencyKey, 'x-baton-attempt': '2' },
    });
  });
});

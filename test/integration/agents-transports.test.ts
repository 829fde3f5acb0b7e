import { describe, expect, test } from 'vitest';
import { traceparentOf } from '../../src/agents/call-headers.ts';
import { type AgentContext, defineAgent } from '../../src/agents/definition.ts';
import { openLocalAgents } from '../../src/agents/local-agents.ts';
import { AgentDescriptor } from '../../src/contracts/agent.ts';
import { BatonError } from '../../src/contracts/error.ts';
import { json, messages, tokens } from '../suites/http-harnesses.ts';
import { behaving, httpAgent, httpTransportSuite } from '../suites/http-transport-suite.ts';
import { sseTransportSuite } from '../suites/sse-transport-suite.ts';
import { type Behaviour, done, gather, type OpenedAgent, testCall, transportSuite } from '../suites/transport-suite.ts';
import { openScriptedServer } from '../support/scripted-server.ts';

for (const harness of [tokens, messages, json]) {
  transportSuite(behaving(harness));
  httpTransportSuite(harness);
}
sseTransportSuite(tokens);
sseTransportSuite(messages);

/** What a handler does after its texts when it hangs. */
type Hang = (signal: AbortSignal) => Promise<unknown>;

const heeding: Hang = (signal) => new Promise((resolve) => signal.addEventListener('abort', resolve));
const heedless: Hang = () => new Promise(() => {});

async function* handle(behaviour: Behaviour, hang: Promise<unknown>): AsyncGenerator<string, void> {
  if (behaviour.kind === 'fails') throw new Error(behaviour.text);
  yield* behaviour.texts;
  if (behaviour.kind === 'hangs') await hang;
}

function openInProcess(kind: 'stream' | 'messages' | 'invoke', hang: Hang) {
  return async (behaviour: Behaviour): Promise<OpenedAgent> => {
    const reached = Promise.withResolvers<void>();
    const left = Promise.withResolvers<void>();
    const run = (signal: AbortSignal): AsyncIterable<string> => {
      reached.resolve();
      signal.addEventListener('abort', () => left.resolve());
      return handle(behaviour, hang(signal));
    };
    const about = { id: 'probe', capabilities: ['custom'] } as const;
    const definitions = {
      stream: defineAgent({ ...about, stream: (_task, { signal }) => run(signal) }),
      messages: defineAgent({ ...about, messages: (_task, { signal }) => run(signal) }),
      invoke: defineAgent({
        ...about,
        invoke: async (_task, { signal }) => join(run(signal)),
      }),
    };
    const local = openLocalAgents([definitions[kind]]);
    const [agent] = local.descriptors;
    if (agent === undefined) throw new Error('expected a descriptor');
    return { agent, local, reached: reached.promise, left: left.promise, [Symbol.asyncDispose]: async () => {} };
  };
}

const inProcess = { calls: true } as const;
transportSuite({
  ...inProcess,
  name: 'in-process (stream)',
  says: 'token',
  single: false,
  open: openInProcess('stream', heeding),
});
transportSuite({
  ...inProcess,
  name: 'in-process (heedless stream)',
  says: 'token',
  single: false,
  open: openInProcess('stream', heedless),
});
transportSuite({
  ...inProcess,
  name: 'in-process (messages)',
  says: 'message',
  single: false,
  open: openInProcess('messages', heeding),
});
transportSuite({
  ...inProcess,
  name: 'in-process (invoke)',
  says: 'message',
  single: true,
  open: openInProcess('invoke', heeding),
});
transportSuite({
  ...inProcess,
  name: 'in-process (heedless invoke)',
  says: 'message',
  single: true,
  open: openInProcess('invoke', heedless),
});

transportSuite({
  name: 'static-text',
  says: 'message',
  single: true,
  calls: false,
  open: async (behaviour) => ({
    agent: AgentDescriptor.parse({
      agent_id: 'probe',
      name: 'Probe',
      capabilities: ['search'],
      static_response: behaviour.kind === 'answers' ? behaviour.texts.join('') : '',
    }),
    reached: Promise.resolve(),
    left: Promise.resolve(),
    [Symbol.asyncDispose]: async () => {},
  }),
});

describe('the token transport', () => {
  test('takes content for a token, and messages among tokens', async () => {
    await using server = await openScriptedServer((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
      response.end(
        'data: {"content":"a"}\n\ndata: {"token":" b"}\n\ndata: {"type":"message","content":"c"}\n\ndata: {"type":"done"}\n\n',
      );
    });
    const { events } = await gather({ agent: httpAgent('dynamic_events', server.url) });
    expect(events).toEqual([
      { type: 'token', text: 'a' },
      { type: 'token', text: ' b' },
      { type: 'message', text: 'c' },
      done,
    ]);
  });
});

describe('the invoke transport', () => {
  const ask = async (body: string) => {
    await using server = await openScriptedServer((response) => {
      response.writeHead(200, { 'content-type': 'application/json; charset=utf-8' }).end(body);
    });
    return await gather({ agent: httpAgent('static', server.url) });
  };

  test('gives confidence and usage as the agent reports them', async () => {
    const usage = { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 };
    const { events } = await ask(JSON.stringify({ response: 'yes', task_id: 't1', confidence: 1, usage, extra: [] }));
    expect(events).toEqual([
      { type: 'message', text: 'yes' },
      { type: 'done', confidence: 1, usage, truncated: false },
    ]);
  });

  test.each([
    ['no JSON', '{"response": "yes"'],
    ['a text', '"yes"'],
    ['no response', '{"answer":"yes"}'],
    ['a response that is no text', '{"response":{"text":"yes"}}'],
    ['a confidence above 1', '{"response":"yes","confidence":1.2}'],
  ])('refuses %s', async (_what, body) => {
    const { events, error } = await ask(body);
    expect(error?.code).toBe('agent_protocol');
    expect(events).toEqual([]);
  });
});

describe('the in-process transport', () => {
  test('tells its handler whose call it is, as an agent over HTTP is told by headers', async () => {
    const told: unknown[] = [];
    const invoke = (_task: unknown, { signal: _, ...context }: AgentContext) => String(told.push(context));
    const local = openLocalAgents([defineAgent({ id: 'probe', capabilities: ['custom'], invoke })]);
    const [agent = expect.fail('expected a descriptor')] = local.descriptors;
    expect((await gather({ agent, local })).error).toBeNull();
    const { runId, attempt, idempotencyKey } = testCall;
    expect(told).toMatchObject([{ runId, attempt, idempotencyKey, traceparent: traceparentOf(testCall) }]);
  });

  test('says that an agent is not loaded here', async () => {
    const { agent } = await openInProcess('stream', heeding)({ kind: 'answers', texts: [] });
    const { error } = await gather({ agent, local: openLocalAgents([]) });
    expect(error).toMatchObject({
      code: 'agent_unreachable',
      message: 'The agent "probe" is not loaded in this worker.',
    });
  });

  test('cuts a handler that yields without ever waiting at the total limit', async () => {
    const endless = defineAgent({
      id: 'endless',
      capabilities: ['custom'],
      async *stream() {
        for (;;) yield 'x';
      },
    });
    const local = openLocalAgents([endless]);
    const [agent] = local.descriptors;
    if (agent === undefined) throw new Error('expected a descriptor');
    const { error } = await gather({ agent, local, limits: { totalMs: 30 } });
    expect(error?.code).toBe('agent_timeout');
  });

  test("passes a handler's BatonError as it is, and refuses a yield that is no text", async () => {
    const local = openLocalAgents([
      defineAgent({
        id: 'tired',
        capabilities: ['custom'],
        invoke: () => Promise.reject(new BatonError('model_unavailable')),
      }),
      // A module in JavaScript may yield anything.
      defineAgent({
        id: 'numbers',
        capabilities: ['custom'],
        stream: () => yieldsNumbers() as unknown as AsyncIterable<string>,
      }),
    ]);
    const outcomes = await Promise.all(local.descriptors.map((agent) => gather({ agent, local })));
    expect(outcomes.map(({ error }) => error?.code)).toEqual(['model_unavailable', 'agent_protocol']);
  });
});

async function* yieldsNumbers(): AsyncGenerator<number> {
  yield 42;
}

async function join(texts: AsyncIterable<string>): Promise<string> {
  let joined = '';
  for await (const text of texts) joined += text;
  return joined;
}

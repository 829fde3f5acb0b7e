import { once } from 'node:events';
import { request as openRequest } from 'node:http';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { traceparentOf } from '../../src/agents/call-headers.ts';
import type { AgentDefinition } from '../../src/agents/definition.ts';
import { invokeAgent } from '../../src/agents/invoke.ts';
import { openLocalAgents } from '../../src/agents/local-agents.ts';
import { type ServeOptions, serveAgent } from '../../src/agents/serve.ts';
import { openHttp } from '../../src/outbound/http.ts';
import { done, gather, openTestCall, testCall } from '../suites/transport-suite.ts';

const alone: ServeOptions = { batonUrl: null, signals: false, log: () => undefined };
const about = { id: 'probe', capabilities: ['custom'] } as const;
const Pieces = z.array(z.string());

/** An agent that says back the pieces of its input. */
const echo: AgentDefinition = {
  ...about,
  async *stream(task) {
    yield* Pieces.parse(task.pieces);
  },
};

const post = (url: string, body: string, type = 'application/json') =>
  fetch(url, { method: 'POST', body, headers: { 'content-type': type } });
const task = JSON.stringify({ task_id: 't1', description: 'Say it.' });

describe('a served agent', () => {
  test('streams tokens with a stream handler', async () => {
    await using served = await serveAgent(
      {
        ...about,
        async *stream({ description }) {
          yield* description.split(' ');
        },
      },
      alone,
    );
    expect(served.descriptor).toMatchObject({
      streaming_mode: 'dynamic_events',
      endpoint: served.url,
      transport: 'http',
    });
    const { events } = await gather({ agent: served.descriptor });
    expect(events).toEqual([{ type: 'token', text: 'Say' }, { type: 'token', text: 'it.' }, done]);
  });

  test('streams messages with a messages handler', async () => {
    await using served = await serveAgent(
      {
        ...about,
        async *messages() {
          yield 'One.\nTwo.';
          yield 'Three.';
        },
      },
      alone,
    );
    const { events } = await gather({ agent: served.descriptor });
    expect(events).toEqual([{ type: 'message', text: 'One.\nTwo.' }, { type: 'message', text: 'Three.' }, done]);
  });

  test('answers with an invoke handler, with what it knows of its quality', async () => {
    await using served = await serveAgent({ ...about, invoke: () => ({ response: 'yes', confidence: 0.9 }) }, alone);
    expect(served.descriptor).toMatchObject({ streaming_mode: 'static', static_response: null });
    const { events } = await gather({ agent: served.descriptor });
    expect(events).toEqual([
      { type: 'message', text: 'yes' },
      { ...done, confidence: 0.9 },
    ]);
  });

  test('has its text in its descriptor with a reply', async () => {
    await using served = await serveAgent({ ...about, reply: 'always this' }, alone);
    expect((await gather({ agent: served.descriptor })).events).toEqual([
      { type: 'message', text: 'always this' },
      done,
    ]);
  });

  test('tells the handler its run, its attempt and its idempotency key', async () => {
    await using served = await serveAgent(
      { ...about, invoke: (_task, { signal: _, state: _state, ...context }) => JSON.stringify(context) },
      alone,
    );
    const { events } = await gather({ agent: served.descriptor });
    const { runId, attempt, idempotencyKey } = testCall;
    const told = { attempt, idempotencyKey, runId, traceparent: traceparentOf(testCall) };
    expect(events[0]).toEqual({ type: 'message', text: JSON.stringify(told) });
  });

  test('answers the folded stream at /invoke, and its health', async () => {
    await using served = await serveAgent(
      {
        ...about,
        async *messages() {
          yield 'One.';
          yield 'Two.';
        },
      },
      alone,
    );
    const answer = await post(`${served.url}/invoke`, task);
    expect(await answer.json()).toMatchObject({ response: 'One.\n\nTwo.', task_id: 't1', truncated: false });
    expect(await (await fetch(`${served.url}/health`)).json()).toEqual({
      status: 'ok',
      agent_id: 'probe',
      running: 0,
      queued: 0,
    });
  });

  test('ends a stream with an error event when its handler throws, and logs it once', async () => {
    const logged: string[] = [];
    await using served = await serveAgent(
      {
        ...about,
        async *stream() {
          yield 'half ';
          throw new Error('no more ink');
        },
      },
      { ...alone, log: (message) => logged.push(message) },
    );
    const { events, error } = await gather({ agent: served.descriptor });
    expect(events).toEqual([{ type: 'token', text: 'half ' }]);
    expect(error).toMatchObject({ code: 'agent_failed', message: 'The agent "probe" reported: no more ink' });
    expect(logged).toEqual(['Agent "probe" failed at /stream: no more ink']);
  });

  test('answers problem details when an invoke handler throws', async () => {
    await using served = await serveAgent({ ...about, invoke: () => Promise.reject(new Error('no more ink')) }, alone);
    const { error } = await gather({ agent: served.descriptor });
    expect(error).toMatchObject({ code: 'agent_failed', message: 'The agent "probe" answered 500: no more ink' });
  });

  test.each([
    ['{"task_id":', 'application/json', 400, 'invalid_json'],
    ['{"task_id":"t1"}', 'application/json', 422, 'invalid_request'],
    [task, 'text/plain', 415, 'unsupported_media_type'],
    [`{"x":"${'x'.repeat(16_000_001)}"}`, 'application/json', 413, 'body_too_large'],
  ])('refuses the body %.20s as %s', async (body, type, status, code) => {
    await using served = await serveAgent(echo, alone);
    const answer = await post(`${served.url}/stream`, body, type);
    expect(answer.status).toBe(status);
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    expect(await answer.json()).toMatchObject({ code, status });
  });

  test('answers 404 at other addresses', async () => {
    await using served = await serveAgent(echo, alone);
    expect((await fetch(`${served.url}/admin`)).status).toBe(404);
  });

  test.each([
    ['heeds', true],
    ['ignores', false],
  ])('tells a handler that %s its signal that its caller has gone', async (_how, heeds) => {
    const told = Promise.withResolvers<void>();
    await using served = await serveAgent(
      {
        ...about,
        async *stream(_task, { signal }) {
          signal.addEventListener('abort', () => told.resolve());
          yield 'first';
          await (heeds ? once(signal, 'abort') : new Promise(() => {}));
        },
      },
      alone,
    );
    await using call = openTestCall({ agent: served.descriptor });
    await call.next();
    await call.return();
    await told.promise;
  });

  test('cuts a handler that hangs at its own timeout', async () => {
    await using served = await serveAgent(
      { ...about, timeout_seconds: 0.06, invoke: () => new Promise(() => {}) },
      alone,
    );
    const answer = await post(`${served.url}/invoke`, task);
    expect(await answer.json()).toMatchObject({ code: 'agent_timeout', status: 504 });
  });

  test('goes no faster than its caller reads', async () => {
    let yielded = 0;
    await using served = await serveAgent(
      {
        ...about,
        async *stream(_task, { signal }) {
          for (; !signal.aborted && yielded < 5_000; yielded += 1) yield 'x'.repeat(100_000);
        },
      },
      alone,
    );
    const request = openRequest(`${served.url}/stream`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
    });
    request.end(task);
    const [response] = await once(request, 'response');
    // Nobody reads: the handler stands still as soon as the buffers between are full. Its count at rest is the condition.
    const settled = await atRest(() => yielded);
    expect(settled).toBeLessThan(500);
    response.destroy();
  });

  test('lets a running call end before it closes', async () => {
    const started = Promise.withResolvers<void>();
    const finish = Promise.withResolvers<void>();
    const served = await serveAgent(
      {
        ...about,
        async *stream() {
          yield 'first ';
          started.resolve();
          await finish.promise;
          yield 'last';
        },
      },
      alone,
    );
    const gathered = gather({ agent: served.descriptor });
    await started.promise;
    const closing = served.close();
    finish.resolve();
    await closing;
    expect((await gathered).events).toHaveLength(3);
    await expect(fetch(`${served.url}/health`)).rejects.toThrow();
  });

  test('says what is wrong with a definition, a URL or a port before it serves', async () => {
    await using served = await serveAgent(echo, alone);
    const port = Number(new URL(served.url).port);
    await expect(serveAgent(echo, { ...alone, port })).rejects.toMatchObject({ code: 'config_invalid' });
    await expect(serveAgent(echo, { ...alone, publicUrl: 'ftp://x' })).rejects.toMatchObject({
      code: 'config_invalid',
    });
    await expect(serveAgent({ ...echo, id: 'no spaces' }, alone)).rejects.toMatchObject({ code: 'config_invalid' });
  });

  test('delivers any texts exactly, whatever they look like', async () => {
    await using served = await serveAgent(echo, alone);
    await using http = openHttp({ policy: 'operator' });
    const tricky = fc.constantFrom(
      '\n',
      '\r',
      '\r\n',
      '\u2028',
      '\u0000',
      '\uFEFF',
      '"',
      '[DONE]',
      'data: x\n\n',
      '{"type":"done"}',
      ' ',
      '\ud83e',
    );
    const units = fc.array(fc.integer({ min: 0, max: 0xffff }));
    const anything = units.map((codes) => String.fromCharCode(...codes));
    const texts = fc.array(fc.oneof(tricky, anything, fc.json()), { maxLength: 12 });
    const property = fc.asyncProperty(texts, async (pieces) => {
      const heard: string[] = [];
      const call = { ...testCall, payload: { ...testCall.payload, pieces } };
      const signal = new AbortController().signal;
      for await (const event of invokeAgent({
        agent: served.descriptor,
        call,
        signal,
        http,
        local: openLocalAgents([]),
      })) {
        if (event.type === 'token') heard.push(event.text);
      }
      expect(heard).toEqual(pieces.filter((piece) => piece !== ''));
    });
    await fc.assert(property, { numRuns: 100 });
  });
});

/** The value once it has stayed the same over many turns of the loop. */
async function atRest(value: () => number): Promise<number> {
  for (let last = -1, same = 0; ; ) {
    await new Promise((resolve) => setImmediate(resolve));
    same = value() === last && last > 0 ? same + 1 : 0;
    last = value();
    if (same > 2_000) return last;
  }
}

import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { traceparentOf } from '../../src/agents/call-headers.ts';
import { AgentDescriptor } from '../../src/contracts/agent.ts';
import { flood, openScriptedServer, type Script } from '../support/scripted-server.ts';
import {
  type Behaviour,
  gather,
  type OpenedAgent,
  openTestCall,
  type TransportHarness,
  testCall,
} from './transport-suite.ts';

/** What a transport over HTTP brings beside: its agent, and how a good answer looks on the wire. */
export type HttpHarness = Readonly<{
  name: string;
  says: TransportHarness['says'];
  single: boolean;
  mode: AgentDescriptor['streaming_mode'];
  path: string;
  contentType: string;
  /** The body that says the texts and ends well. */
  good(texts: readonly string[]): string;
  /** The beginning of a body that says the texts. */
  start(texts: readonly string[]): string;
  fail: Script;
  /** Fields of its descriptor beside the endpoint and the mode. */
  fields?: Readonly<Record<string, unknown>>;
  /** The body that is sent; the payload as it is when absent. */
  sent?: unknown;
  /** Bytes that say nothing. */
  drip: string;
  /** False for a protocol whose answers name no task. */
  namesTask?: false;
}>;

type Spoken = Pick<HttpHarness, 'mode' | 'fields'>;

export function agentOf({ mode, fields }: Spoken, endpoint: string): AgentDescriptor {
  const about = { agent_id: 'probe', name: 'Probe', capabilities: ['custom'] };
  return AgentDescriptor.parse({ ...about, endpoint, streaming_mode: mode, ...fields });
}

export function httpAgent(mode: HttpHarness['mode'], endpoint: string): AgentDescriptor {
  return agentOf({ mode }, endpoint);
}

/** The shared suite's view of an HTTP transport: a scripted server that behaves. */
export function behaving(harness: HttpHarness): TransportHarness {
  const script = (behaviour: Behaviour): Script => {
    if (behaviour.kind === 'fails') return harness.fail;
    return (response) => {
      response.writeHead(200, { 'content-type': harness.contentType });
      if (behaviour.kind === 'answers') response.end(harness.good(behaviour.texts));
      else response.write(harness.start(behaviour.texts));
      response.flushHeaders();
    };
  };
  const open = async (behaviour: Behaviour): Promise<OpenedAgent> => {
    const server = await openScriptedServer(script(behaviour));
    const arrival = server.next();
    return {
      agent: agentOf(harness, server.url),
      reached: arrival.then(() => undefined),
      left: arrival.then(({ closed }) => closed),
      [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
    };
  };
  return { name: harness.name, says: harness.says, single: harness.single, calls: true, open };
}

/** What holds for every transport over HTTP. */
export function httpTransportSuite(harness: HttpHarness): void {
  const { contentType } = harness;
  const call = async (script: Script, limits: Parameters<typeof gather>[0]['limits'] = {}) => {
    await using server = await openScriptedServer(script);
    return { ...(await gather({ agent: agentOf(harness, `${server.url}/`), limits })), received: server.received };
  };
  const answer =
    (status: number, headers: Record<string, string> = {}, body = ''): Script =>
    (response) => {
      response.writeHead(status, headers).end(body);
    };

  describe(`the HTTP transport ${harness.name}`, () => {
    test('posts the payload with its idempotency key and the number of the attempt', async () => {
      const { received } = await call(answer(200, { 'content-type': contentType }, harness.good(['x'])));
      expect(received).toHaveLength(1);
      expect(received[0]).toMatchObject({ method: 'POST', path: harness.path });
      expect(JSON.parse(received[0]?.body ?? '')).toEqual(harness.sent ?? testCall.payload);
      expect(received[0]?.headers).toMatchObject({
        'idempotency-key': testCall.idempotencyKey,
        'x-baton-attempt': '2',
        traceparent: traceparentOf(testCall),
        'content-type': 'application/json',
        accept: contentType,
        'accept-encoding': 'identity',
      });
    });

    test.each([
      [400, 'agent_rejected'],
      [404, 'agent_rejected'],
      [422, 'agent_rejected'],
      [408, 'agent_failed'],
      [425, 'agent_failed'],
      [429, 'agent_busy'],
      [500, 'agent_failed'],
      [503, 'agent_failed'],
      [204, 'agent_protocol'],
      [304, 'agent_protocol'],
    ])('takes the status %i for %s', async (status, code) => {
      const { events, error } = await call(answer(status));
      expect(error?.code).toBe(code);
      expect(error?.message).toContain(`The agent "probe" answered ${status}`);
      expect(events).toEqual([]);
    });

    test('shows what the agent says of its refusal, but no page meant for people', async () => {
      const problem = await call(answer(422, { 'content-type': 'application/problem+json' }, '{"detail":"no query"}'));
      expect(problem.error?.message).toBe('The agent "probe" answered 422: no query');
      const page = await call(answer(502, { 'content-type': 'text/html' }, '<h1>nginx 10.0.0.7</h1>'));
      expect(page.error?.message).toBe('The agent "probe" answered 502.');
      expect(String(page.error?.cause)).toContain('nginx 10.0.0.7');
    });

    test('refuses an answer of another content type, with an excerpt for the log only', async () => {
      const html = `<html>${'x'.repeat(10_000)}`;
      const { error } = await call(answer(200, { 'content-type': 'text/html; charset=utf-8' }, html));
      expect(error?.code).toBe('agent_protocol');
      expect(error?.message).toBe(`The agent "probe" answered 200 with text/html; expected 200 with ${contentType}.`);
      expect(String(error?.cause).length).toBeLessThan(300);
    });

    test('refuses an empty answer', async () => {
      const { error } = await call(answer(200, { 'content-type': contentType }));
      expect(error?.code).toBe('agent_protocol');
      expect(error?.message).toContain('empty');
    });

    test.skipIf(harness.namesTask === false)('refuses an answer for another task', async () => {
      const body = harness.good(['x']).replace('{', '{"task_id":"t2",');
      const { events, error } = await call(answer(200, { 'content-type': contentType }, body));
      expect(error?.code).toBe('agent_protocol');
      expect(events).toEqual([]);
    });

    test.each([301, 302, 307, 308])(
      'does not follow a redirect (%i), and sends the payload to nobody else',
      async (status) => {
        await using other = await openScriptedServer((response) => void response.end());
        const { error } = await call(answer(status, { location: other.url }));
        expect(error?.code).toBe('agent_protocol');
        expect(error?.message).toContain('redirect');
        expect(other.received).toEqual([]);
      },
    );

    test('gives up an agent that does not begin to answer', async () => {
      await using server = await openScriptedServer(() => undefined);
      const arrival = server.next();
      const { error } = await gather({ agent: agentOf(harness, server.url), limits: { firstByteMs: 60 } });
      expect(error).toMatchObject({ code: 'agent_timeout' });
      expect(error?.message).toContain('did not begin to answer within 0.06 s');
      await (await arrival).closed;
    });

    test('says that an agent is unreachable, without its address', async () => {
      const gone = await openScriptedServer(() => undefined);
      await gone[Symbol.asyncDispose]();
      const { error } = await gather({ agent: agentOf(harness, gone.url) });
      expect(error).toMatchObject({ code: 'agent_unreachable', retryable: true });
      expect(error?.message).toBe('The agent "probe" could not be reached: the connection was refused.');
    });

    test('says that an agent is unreachable when it hangs up before its answer', async () => {
      const { error } = await call((response) => void response.destroy());
      expect(error?.code).toBe('agent_unreachable');
    });

    test('says that the answer is incomplete when the agent hangs up in the middle', async () => {
      await using server = await openScriptedServer((response) => {
        response.writeHead(200, { 'content-type': contentType });
        response.write(harness.start(['begun ']), () => response.destroy());
      });
      const { error } = await gather({ agent: agentOf(harness, server.url) });
      expect(error?.code).toBe('agent_incomplete');
    });

    test('stops at the bound of bytes, and closes the socket of an agent that does not end', async () => {
      const chunk = harness.single ? ' '.repeat(1_000) : harness.start(['x'.repeat(500)]);
      await using server = await openScriptedServer((response) => {
        flood(response.writeHead(200, { 'content-type': contentType }), chunk);
      });
      const arrival = server.next();
      const { error } = await gather({ agent: agentOf(harness, server.url), limits: { maxBytes: 100_000 } });
      expect(error?.code).toBe('output_too_large');
      await (await arrival).closed;
    });

    test('unpacks nothing: a compressed answer is none, and of a refusal the status counts', async () => {
      const headers = { 'content-type': contentType, 'content-encoding': 'gzip' };
      const packed = (status: number, text: string): Script => {
        const bytes = gzipSync(text);
        return (response) => void response.writeHead(status, headers).end(bytes);
      };
      const { events, error } = await call(packed(200, harness.good(['x'])));
      expect(events).toEqual([]);
      expect(error?.code).toBe('agent_protocol');
      expect(error?.message).toContain('sent a compressed answer');
      const refused = await call(packed(503, '{"error":"the oven is cold"}'));
      expect(refused.error).toMatchObject({ code: 'agent_failed', message: 'The agent "probe" answered 503.' });
    });

    test('refuses more headers than 16 KiB', async () => {
      const { error } = await call(answer(200, { 'content-type': contentType, 'x-long': 'x'.repeat(17_000) }));
      expect(error?.code).toBe('agent_protocol');
    });

    test('cuts an agent that says a byte now and then for ever at the total limit', async () => {
      await using server = await openScriptedServer(async (response, { closed }) => {
        response.writeHead(200, { 'content-type': contentType });
        const drip = setInterval(() => response.write(harness.drip), 10);
        await closed;
        clearInterval(drip);
      });
      const { error } = await gather({ agent: agentOf(harness, server.url), limits: { idleMs: 5_000, totalMs: 250 } });
      expect(error?.message).toContain('its limit of 0.25 s');
    });

    test('never pollutes prototypes', async () => {
      const body = harness
        .good(['x'])
        .replace('{', '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}},');
      const { error } = await call(answer(200, { 'content-type': contentType }, body));
      expect(error).toBeNull();
      expect(Reflect.get({}, 'polluted')).toBeUndefined();
    });

    test('closes its socket when the reader leaves before the answer', async () => {
      await using server = await openScriptedServer(() => undefined);
      const arrival = server.next();
      await using opened = openTestCall({ agent: agentOf(harness, server.url) });
      const pending = opened.next().catch((error: unknown) => error);
      const { closed } = await arrival;
      await opened.return();
      await closed;
      expect(await pending).toMatchObject({ code: 'cancelled' });
    });
  });
}

// Broken and hostile agents, by the numbers of the catalogue of faults (30 to 49 without 43): on every transport over HTTP each ends as
// an error of its class, with the connection closed and no more taken in than the limits allow.
import type { ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { CallLimits } from '../../src/agents/call.ts';
import type { ErrorCode } from '../../src/contracts/error.ts';
import { limits as bounds } from '../../src/contracts/limits.ts';
import { chatStream, chatWhole, json, lineMessages, lineTokens, messages, tokens } from '../suites/http-harnesses.ts';
import { agentOf, type HttpHarness } from '../suites/http-transport-suite.ts';
import { gather } from '../suites/transport-suite.ts';
import { flood, openScriptedServer, type Script } from '../support/scripted-server.ts';

const harnesses = [tokens, messages, lineTokens, lineMessages, json, chatStream, chatWhole];

type Fault = Readonly<{
  name: string;
  script: (harness: HttpHarness) => Script;
  code: ErrorCode | ((harness: HttpHarness) => ErrorCode | null);
  limits?: Partial<CallLimits>;
  /** False where the transport has no such thing. */
  on?: (harness: HttpHarness) => boolean;
}>;

/** What two ends of a connection hold besides what was read: the sockets' buffers of the kernel and of Node. */
const IN_FLIGHT = 8_000_000;
const maxBytes = 100_000;

const ok = (response: ServerResponse, { contentType }: HttpHarness, headers: Record<string, string> = {}) =>
  response.writeHead(200, { 'content-type': contentType, ...headers });

const ten = Array.from({ length: 10 }, (_, index) => `${index} `);
const byShape = (streamed: ErrorCode, single: ErrorCode) => (harness: HttpHarness) =>
  harness.single ? single : streamed;

const faults: readonly Fault[] = [
  { name: '30 slow first byte', script: () => () => undefined, limits: { firstByteMs: 60 }, code: 'agent_timeout' },
  {
    name: '31 hangs after the headers',
    script: (harness) => (response) => ok(response, harness).flushHeaders(),
    limits: { idleMs: 60 },
    code: 'agent_timeout',
  },
  {
    name: '32 half-open after ten tokens',
    script: (harness) => (response) => void ok(response, harness).write(harness.start(ten)),
    limits: { idleMs: 60 },
    code: 'agent_timeout',
  },
  {
    name: '33 a byte now and then for ever',
    script:
      (harness) =>
      async (response, { closed }) => {
        ok(response, harness).flushHeaders();
        const drip = setInterval(() => response.write(harness.drip), 10);
        await closed;
        clearInterval(drip);
      },
    limits: { totalMs: 250 },
    code: 'agent_timeout',
  },
  {
    name: '34 a stream without end',
    script: (harness) => (response) => flood(ok(response, harness), harness.start(['x'.repeat(100)])),
    on: ({ single }) => !single,
    code: 'output_too_large',
  },
  {
    name: '35 a line without end',
    script: (harness) => (response) => {
      ok(response, harness).write(harness.single ? '{"response":"' : harness.start(['x']).slice(0, 8));
      flood(response, 'x'.repeat(1_000));
    },
    code: 'output_too_large',
  },
  {
    name: '35 a line without end, beyond the bound of an event',
    script: (harness) => (response) => {
      ok(response, harness).write(harness.start(['x']).slice(0, 8));
      flood(response, 'x'.repeat(1_000));
    },
    on: ({ single }) => !single,
    limits: { eventChars: 10_000, maxBytes: 16_000_000 },
    code: 'output_too_large',
  },
  {
    name: '36 what is cut in the middle',
    script: (harness) => (response) =>
      void ok(response, harness).end((harness.single ? harness.good(['x']) : harness.start(['x', 'y'])).slice(0, -4)),
    code: byShape('agent_incomplete', 'agent_protocol'),
  },
  {
    name: '38 HTML with status 200',
    script: () => (response) =>
      void response.writeHead(200, { 'content-type': 'text/html' }).end('<html>'.repeat(5_000)),
    code: 'agent_protocol',
  },
  { name: '39 status 204', script: () => (response) => void response.writeHead(204).end(), code: 'agent_protocol' },
  {
    name: '39 an empty 200',
    script: (harness) => (response) => void ok(response, harness).end(),
    code: 'agent_protocol',
  },
  {
    name: '42 500 after half a stream',
    script: (harness) => (response) => {
      ok(response, harness).write(harness.start(ten), () => response.destroy());
    },
    code: 'agent_incomplete',
  },
  {
    name: '44 a gzip bomb',
    script: (harness) => (response) =>
      void ok(response, harness, { 'content-encoding': 'gzip' }).end(gzipSync(harness.good(['x'.repeat(5_000_000)]))),
    code: 'agent_protocol',
  },
  {
    name: '45 a header bomb',
    script: (harness) => (response) => void ok(response, harness, { 'x-long': 'x'.repeat(17_000) }).end(),
    code: 'agent_protocol',
  },
  {
    name: '45 a header bomb of many',
    script: (harness) => (response) => {
      const many = Array.from({ length: 2_000 }, (_, index) => [`x-${index}`, 'x'] as const);
      ok(response, harness, Object.fromEntries(many)).end();
    },
    code: 'agent_protocol',
  },
  {
    name: '46 closes without the final event',
    script: (harness) => (response) => void ok(response, harness).end(harness.start(['x'])),
    code: byShape('agent_incomplete', 'agent_protocol'),
  },
  {
    name: '48 answers for another task',
    script: (harness) => (response) =>
      void ok(response, harness).end(harness.good(['x']).replace('{', '{"task_id":"t2",')),
    on: ({ namesTask }) => namesTask !== false,
    code: 'agent_protocol',
  },
  {
    name: '49 JSON of another form',
    script: (harness) => (response) => {
      const body = JSON.stringify({ choices: 5, response: 5, type: 'token', token: 5 });
      ok(response, harness).end(harness.contentType === 'text/event-stream' ? `data: ${body}\n\n` : `${body}\n`);
    },
    code: 'agent_protocol',
  },
  {
    name: '49 JSON of a depth without end',
    script: (harness) => (response) => {
      const body = `{"token":${'['.repeat(40_000)}${']'.repeat(40_000)}}`;
      ok(response, harness).end(harness.contentType === 'text/event-stream' ? `data: ${body}\n\n` : `${body}\n`);
    },
    // A chunk that says nothing is passed over, as some servers send such.
    code: (harness) => (harness === chatStream ? 'agent_incomplete' : 'agent_protocol'),
  },
];

describe.each(harnesses)('an agent over $name', (harness) => {
  const there = faults.filter(({ on }) => on?.(harness) ?? true);

  test.each(there)('that is broken so: $name', async ({ script, limits, code }) => {
    let sent = 0;
    await using server = await openScriptedServer(async (response, received) => {
      const { socket } = response;
      void received.closed.then(() => {
        sent = socket?.bytesWritten ?? 0;
      });
      await script(harness)(response, received);
    });
    const arrival = server.next();
    const { events, error } = await gather({ agent: agentOf(harness, server.url), limits: { maxBytes, ...limits } });
    expect(error?.code).toBe(typeof code === 'function' ? code(harness) : code);
    expect(events.some(({ type }) => type === 'done')).toBe(false);
    expect(error?.message.length).toBeLessThan(bounds.errorChars);
    expect(String(error?.cause).length).toBeLessThan(1_000);
    await (await arrival).closed;
    expect(sent).toBeLessThan(IN_FLIGHT);
    expect(server.received).toHaveLength(1);
  });

  test('that sends bytes of no text (37) has them replaced', async () => {
    const [before = '', after = ''] = harness.good(['a|b']).split('|');
    const body = Buffer.concat([Buffer.from(before), Buffer.of(0xff, 0xfe), Buffer.from(after)]);
    await using server = await openScriptedServer((response) => void ok(response, harness).end(body));
    const { events, error } = await gather({ agent: agentOf(harness, server.url) });
    expect(error).toBeNull();
    expect(events[0]).toMatchObject({ text: 'a\uFFFD\uFFFDb' });
  });

  test.each([
    ['seconds', '3', 3_000],
    ['ten years', '315360000', bounds.retryAfterMs],
    ['nothing one can read', 'soon', undefined],
  ])('that is busy (40) and says %s', async (_, value, retryAfterMs) => {
    await using server = await openScriptedServer(
      (response) => void response.writeHead(429, { 'retry-after': value }).end(),
    );
    const { error } = await gather({ agent: agentOf(harness, server.url) });
    expect(error).toMatchObject({ code: 'agent_busy', retryable: true });
    expect(error?.retryAfterMs).toBe(retryAfterMs);
  });

  test('that is busy (40) until a date', async () => {
    const now = new Date();
    const headers = { date: now.toUTCString(), 'retry-after': new Date(now.getTime() + 60_000).toUTCString() };
    await using server = await openScriptedServer((response) => void response.writeHead(429, headers).end());
    const { error } = await gather({ agent: agentOf(harness, server.url) });
    expect(error?.retryAfterMs).toBe(60_000);
  });

  test.skipIf(harness.single)('that ends twice (47) is heard once', async () => {
    const good = harness.good(['x']);
    await using server = await openScriptedServer((response) => void ok(response, harness).end(`${good}${good}`));
    const { events, error } = await gather({ agent: agentOf(harness, server.url) });
    expect(error).toBeNull();
    expect(events.map(({ type }) => type)).toEqual([harness.says, 'done']);
  });

  test('that names prototypes (49) pollutes nothing', async () => {
    const evil = '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}},';
    await using server = await openScriptedServer(
      (response) => void ok(response, harness).end(harness.good(['x']).replaceAll('{"', `${evil}"`)),
    );
    await gather({ agent: agentOf(harness, server.url) });
    expect(Reflect.get({}, 'polluted')).toBeUndefined();
  });
});

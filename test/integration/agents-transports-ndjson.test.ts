// A stream of one JSON object per line: the same frames as over SSE, by another cut.
import { describe, expect, test } from 'vitest';
import type { CallLimits } from '../../src/agents/call.ts';
import { lineMessages as messages, lineTokens as tokens } from '../suites/http-harnesses.ts';
import { agentOf, behaving, httpTransportSuite } from '../suites/http-transport-suite.ts';
import { done, gather, openTestCall, transportSuite } from '../suites/transport-suite.ts';
import { flood, inPieces, openScriptedServer, type Script } from '../support/scripted-server.ts';

const headers = { 'content-type': 'application/x-ndjson' };
for (const harness of [tokens, messages]) {
  transportSuite(behaving(harness));
  httpTransportSuite(harness);
}

describe('the lines of NDJSON', () => {
  const call = async (script: Script, limits: Partial<CallLimits> = {}) => {
    await using server = await openScriptedServer(script);
    return await gather({ agent: agentOf(tokens, server.url), limits });
  };
  const body = (...pieces: readonly (string | Uint8Array)[]) => inPieces(headers['content-type'], pieces);
  const token = (text: string) => ({ type: 'token', text });

  test.each(['application/jsonl', 'application/json-lines', 'application/x-ndjson; charset=utf-8'])(
    'may be announced as %s',
    async (type) => {
      const { events } = await call(
        (response) => void response.writeHead(200, { 'content-type': type }).end(tokens.good(['x'])),
      );
      expect(events).toEqual([token('x'), done]);
    },
  );

  test('may end with CR LF, be blank, and miss the last end', async () => {
    const { events, error } = await call(body('\uFEFF{"token":"a"}\r\n\r\n \n{"token":"b"}\n{"type":"do', 'ne"}'));
    expect(error).toBeNull();
    expect(events).toEqual([token('a'), token('b'), done]);
  });

  test('are put together from single bytes, characters of several bytes too', async () => {
    const bytes = Buffer.from(tokens.good(['dö\u2028ner 🥙']));
    const { events } = await call(body(...[...bytes].map((byte) => Uint8Array.of(byte))));
    expect(events).toEqual([token('dö\u2028ner 🥙'), done]);
  });

  test('may hold bytes that are not UTF-8, which become U+FFFD', async () => {
    const bytes = Uint8Array.from([...Buffer.from('{"token":"a'), 0xff, ...Buffer.from('b"}\n{"type":"done"}')]);
    expect((await call(body(bytes))).events).toEqual([token('a\uFFFDb'), done]);
  });

  test.each(['42', '"text"', '[1]', 'Internal error', 'data: {"token":"x"}', '{"token":'])(
    'are JSON objects: %s is refused',
    async (line) => {
      const { events, error } = await call(body(`{"token":"a"}\n${line}\n{"type":"done"}\n`));
      expect(events).toEqual([token('a')]);
      expect(error).toMatchObject({ code: 'agent_protocol' });
    },
  );

  test('that break off in the middle, or before the end, are incomplete', async () => {
    for (const cut of ['{"token":"a"}\n', '{"token":"a"}\n{"type":"do']) {
      const { events, error } = await call(body(cut));
      expect(events).toEqual([token('a')]);
      expect(error).toMatchObject({ code: 'agent_incomplete', retryable: true });
    }
  });

  test('are not read after the first end', async () => {
    const { events, error } = await call(body('{"token":"a"}\n{"type":"done"}\n{"type":"error","error":"late"}\n'));
    expect(error).toBeNull();
    expect(events).toEqual([token('a'), done]);
  });

  test('are bounded: one without an end closes the connection', async () => {
    await using server = await openScriptedServer((response) => {
      response.writeHead(200, headers).write('{"token":"');
      flood(response, 'x'.repeat(1_000));
    });
    const arrival = server.next();
    const { error } = await gather({ agent: agentOf(tokens, server.url), limits: { eventChars: 10_000 } });
    expect(error).toMatchObject({ code: 'output_too_large', retryable: false });
    await (await arrival).closed;
    expect((await call(body(tokens.good(['x'.repeat(200)])), { eventChars: 100 })).error?.code).toBe(
      'output_too_large',
    );
  });

  test('are handed on as they come, and may ask', async () => {
    let release = (): unknown => undefined;
    await using server = await openScriptedServer((response) => {
      response.writeHead(200, headers).write('{"token":"first"}\n');
      release = () => response.end('{"type":"question","question":"Which one?","resume":"here"}\n');
    });
    await using opened = openTestCall({ agent: agentOf(tokens, server.url) });
    expect(await opened.next()).toEqual({ done: false, value: token('first') });
    release();
    const question = { type: 'question', kind: 'input', text: 'Which one?', resume: 'here', usage: null };
    expect(await opened.next()).toEqual({ done: false, value: question });
    expect(await opened.next()).toEqual({ done: true, value: undefined });
  });
});

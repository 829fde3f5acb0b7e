import { describe, expect, test } from 'vitest';
import type { CallLimits } from '../../src/agents/call.ts';
import { flood, inPieces, openScriptedServer, type Script } from '../support/scripted-server.ts';
import { type HttpHarness, httpAgent } from './http-transport-suite.ts';
import { done, gather, openTestCall } from './transport-suite.ts';

const headers = { 'content-type': 'text/event-stream' };

/** What holds for both SSE transports; `says` is what a line without a type is. */
export function sseTransportSuite({ name, mode, says }: HttpHarness): void {
  const call = async (script: Script, limits: Partial<CallLimits> = {}) => {
    await using server = await openScriptedServer(script);
    return await gather({ agent: httpAgent(mode, server.url), limits });
  };
  const body = (...pieces: readonly (string | Uint8Array)[]) => inPieces(headers['content-type'], pieces);
  const read = (...pieces: readonly (string | Uint8Array)[]) => call(body(...pieces));
  const said = (...texts: readonly string[]) => texts.map((text) => ({ type: says, text }));
  const end = 'data: {"type":"done"}\n\n';

  describe(`the SSE transport ${name}`, () => {
    test('keeps bare text to the last space, with one space stripped by SSE', async () => {
      const { events } = await read('data:  two\n\ndata:one \n\ndata:   \n\ndata: {curly\n\n', end);
      expect(events).toEqual([...said(' two', 'one ', '  ', '{curly'), done]);
    });

    test('takes numbers, booleans, null, quoted words and lists for text, verbatim', async () => {
      const { events } = await read('data: 42\n\ndata: true\n\ndata: null\n\ndata: "hi"\n\ndata: [1, 2]\n\n', end);
      expect(events).toEqual([...said('42', 'true', 'null', '"hi"', '[1, 2]'), done]);
    });

    test('takes [DONE] for the end and not for text', async () => {
      const { events, error } = await read('data: x\n\ndata: [DONE]\n\n');
      expect(error).toBeNull();
      expect(events).toEqual([...said('x'), done]);
    });

    test('reads nothing after the first done', async () => {
      const { events, error } = await read('data: x\n\n', end, end, 'data: {"type":"error","error":"late"}\n\n');
      expect(error).toBeNull();
      expect(events).toEqual([...said('x'), done]);
    });

    test('ends at done although the agent keeps the connection open, and closes it', async () => {
      await using server = await openScriptedServer((response) => {
        response.writeHead(200, headers).write(`data: x\n\n${end}`);
      });
      const arrival = server.next();
      const { events } = await gather({ agent: httpAgent(mode, server.url), limits: { idleMs: 5_000 } });
      expect(events).toEqual([...said('x'), done]);
      await (await arrival).closed;
    });

    test('takes a stream without done for incomplete', async () => {
      const { events, error } = await read('data: x\n\n');
      expect(events).toEqual(said('x'));
      expect(error).toMatchObject({ code: 'agent_incomplete', retryable: true });
    });

    test('takes a done that was cut off for no done', async () => {
      const { error } = await read('data: x\n\n', 'data: {"type":"done"}');
      expect(error?.code).toBe('agent_incomplete');
    });

    test('fails at an error event after half a stream', async () => {
      const { events, error } = await read(
        'data: x\n\ndata: {"type":"error","error":{"message":"no more ink"}}\n\n',
        end,
      );
      expect(events).toEqual(said('x'));
      expect(error?.message).toBe('The agent "probe" reported: no more ink');
    });

    test('clips the text of an error event', async () => {
      const { error } = await read(`data: ${JSON.stringify({ type: 'error', error: 'x'.repeat(9_000) })}\n\n`);
      expect(error?.message.length).toBeLessThan(600);
    });

    test('gives confidence, usage and truncation as the agent reports them', async () => {
      const usage = { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 };
      const { events } = await read(
        `data: ${JSON.stringify({ type: 'done', confidence: 0.5, usage, truncated: true })}\n\n`,
      );
      expect(events).toEqual([{ type: 'done', confidence: 0.5, usage, truncated: true }]);
    });

    test('gives status events, and passes over types it does not know', async () => {
      const { events } = await read(
        'data: {"type":"status","content":"looking"}\n\ndata: {"type":"ping","n":1}\n\n',
        end,
      );
      expect(events).toEqual([{ type: 'status', text: 'looking' }, done]);
    });

    test.each([
      ['text under an unknown type', '{"type":"delta","content":"x"}'],
      ['a token that is no text', '{"type":"token","token":5}'],
      ['an object that says nothing', '{"choices":[]}'],
      ['a confidence above 1', '{"type":"done","confidence":95}'],
    ])('refuses %s', async (_what, frame) => {
      const { error } = await read(`data: ${frame}\n\n`, end);
      expect(error?.code).toBe('agent_protocol');
    });

    test('reads lines that end with CR LF or CR, comments, a BOM, other fields and data of several lines', async () => {
      const { events, error } = await read(
        '\uFEFFretry: 10\r\n: hello\r\nevent: x\r\nid: 1\r\ndata: one\r\n\r\n',
        'data: two\r\rdata: {\r\ndata: "content": "three"}\r\n\r\n',
        end.replaceAll('\n', '\r\n'),
      );
      expect(error).toBeNull();
      expect(events).toEqual([...said('one', 'two', 'three'), done]);
    });

    test('puts characters together that were split between chunks', async () => {
      const bytes = Buffer.from(`data: dö\u2028ner 🥙\n\n${end}`);
      const { events } = await read(...[...bytes].map((byte) => Uint8Array.of(byte)));
      expect(events).toEqual([...said('dö\u2028ner 🥙'), done]);
    });

    test('replaces bytes that are not UTF-8', async () => {
      const { events } = await read(Uint8Array.from([...Buffer.from('data: a'), 0xff, ...Buffer.from('b\n\n')]), end);
      expect(events).toEqual([...said('a\uFFFDb'), done]);
    });

    test('refuses a line that does not end', async () => {
      await using server = await openScriptedServer((response) => {
        response.writeHead(200, headers).write('data: ');
        flood(response, 'x'.repeat(1_000));
      });
      const arrival = server.next();
      const { error } = await gather({ agent: httpAgent(mode, server.url), limits: { eventChars: 10_000 } });
      expect(error).toMatchObject({ code: 'output_too_large', retryable: false });
      expect(error?.message).toContain('10000 characters');
      await (await arrival).closed;
    });

    test('refuses a large event that came whole', async () => {
      const { error } = await call(body(`data: ${'x'.repeat(200)}\n\n${end}`), { eventChars: 100 });
      expect(error?.code).toBe('output_too_large');
    });

    test('hands each event on when it comes', async () => {
      await using server = await openScriptedServer((response) => {
        response.writeHead(200, headers).write('data: first\n\n');
        release = () => response.end(end);
      });
      let release = (): unknown => undefined;
      await using opened = openTestCall({ agent: httpAgent(mode, server.url) });
      expect(await opened.next()).toEqual({ done: false, value: said('first')[0] });
      release();
      expect(await opened.next()).toEqual({ done: false, value: done });
      expect(await opened.next()).toEqual({ done: true, value: undefined });
    });

    test('falls under the idle limit when the agent goes silent after its headers', async () => {
      const { error } = await call((response) => void response.writeHead(200, headers).flushHeaders(), { idleMs: 60 });
      expect(error?.message).toContain('sent nothing for 0.06 s');
    });
  });
}

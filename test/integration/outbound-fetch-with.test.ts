import OpenAI from 'openai';
import { describe, expect, test } from 'vitest';
import { BatonError, type ErrorCode } from '../../src/contracts/error.ts';
import type { FetchOptions } from '../../src/outbound/fetch-with.ts';
import type { HttpClient } from '../../src/outbound/http.ts';
import { openLocalHttp } from '../support/http.ts';
import { openScriptedServer } from '../support/scripted-server.ts';

const limits = { firstByteMs: 5_000, idleMs: 5_000, totalMs: 10_000, maxBytes: 10_000 };

const withLimits = (http: HttpClient, more: Partial<FetchOptions['limits']> = {}, rest: Partial<FetchOptions> = {}) =>
  http.fetchWith({ limits: { ...limits, ...more }, peer: 'The agent "far"', ...rest });

async function codeOf(work: Promise<unknown>): Promise<ErrorCode | 'none'> {
  return work.then(
    () => 'none' as const,
    (thrown: unknown) => BatonError.from(thrown).code,
  );
}

describe('the fetch for packages that speak with agents', () => {
  test('asks and answers as fetch does', async () => {
    await using server = await openScriptedServer((response, { path }) => {
      if (path === '/empty') response.writeHead(204).end();
      else response.writeHead(418, 'Teapot', { 'x-said': 'yes', 'content-type': 'application/json' }).end('{"a":"ö"}');
    });
    await using http = openLocalHttp();
    const fetch = withLimits(http);
    const response = await fetch(new URL('/a', server.url), { method: 'PUT', body: 'in', headers: [['x-one', '1']] });
    expect(response).toBeInstanceOf(Response);
    expect(response).toMatchObject({ status: 418, statusText: 'Teapot', ok: false, url: `${server.url}/a` });
    expect(response.headers.get('x-said')).toBe('yes');
    expect(await response.json()).toEqual({ a: 'ö' });
    const again = await fetch(
      new Request(`${server.url}/b`, { method: 'POST', body: 'out', headers: { 'x-two': '2' } }),
    );
    expect(await again.text()).toContain('ö');
    expect((await fetch(`${server.url}/empty`)).body).toBeNull();
    expect(server.received).toMatchObject([
      { method: 'PUT', path: '/a', body: 'in', headers: { 'x-one': '1', 'accept-encoding': 'identity' } },
      { method: 'POST', path: '/b', body: 'out', headers: { 'x-two': '2' } },
      { method: 'GET', path: '/empty', body: '' },
    ]);
  });

  test('ends a call at each of its limits', async () => {
    await using server = await openScriptedServer((response, { path }) => {
      if (path === '/silent') return;
      response.write('first');
      if (path === '/large') response.end('x'.repeat(20_000));
      if (path === '/dribble') {
        const drops = setInterval(() => response.write('.'), 20);
        response.once('close', () => clearInterval(drops));
      }
    });
    await using http = openLocalHttp();
    const read = async (path: string, more: Partial<FetchOptions['limits']>) =>
      (await withLimits(http, more)(`${server.url}${path}`)).text();
    expect(await codeOf(read('/silent', { firstByteMs: 50 }))).toBe('agent_timeout');
    expect(await codeOf(read('/idle', { idleMs: 50 }))).toBe('agent_timeout');
    expect(await codeOf(read('/dribble', { totalMs: 150 }))).toBe('agent_timeout');
    expect(await codeOf(read('/large', { maxBytes: 1_000 }))).toBe('output_too_large');
    // The large one had arrived whole: its connection may be used again.
    for (const { path, closed } of server.received) if (path !== '/large') await closed;
  });

  test("stops at its own signal, at the call's, and when the reader leaves", async () => {
    await using server = await openScriptedServer((response) => void response.write('first'));
    await using http = openLocalHttp();
    const own = new AbortController();
    const call = new AbortController();
    const reason = new BatonError('run_deadline');
    for (const { controller, init } of [
      { controller: call, init: { signal: call.signal } },
      { controller: own, init: {} },
    ]) {
      const response = await withLimits(http, {}, { signal: own.signal })(server.url, init);
      const { closed } = await server.next();
      const read = codeOf(response.text());
      controller.abort(reason);
      expect(await read).toBe('run_deadline');
      await closed;
    }
    const left = await withLimits(http)(server.url);
    const { closed } = await server.next();
    const reader = left.body?.getReader();
    await reader?.read();
    await reader?.cancel();
    await closed;
    expect(await codeOf(withLimits(http, {}, { signal: own.signal })(server.url))).toBe('run_deadline');
  });

  test('reads no further than its reader does', async () => {
    let written = 0;
    await using server = await openScriptedServer(async (response) => {
      const chunk = Buffer.alloc(64_000, 'x');
      while (written < 500 && !response.destroyed && response.write(chunk)) written += 1;
    });
    await using http = openLocalHttp();
    const response = await withLimits(http, { maxBytes: 100_000_000 })(server.url);
    await response.body?.getReader().read();
    expect(written).toBeLessThan(500);
    await http.close();
  });

  test('rejects with draining when the client is closed', async () => {
    await using server = await openScriptedServer((response) => void response.write('first'));
    const http = openLocalHttp();
    const response = await withLimits(http)(server.url);
    const read = codeOf(response.text());
    await http.close();
    expect(await read).toBe('draining');
    expect(await codeOf(withLimits(http)(server.url))).toBe('draining');
  });

  test('carries the openai package, whose errors keep ours as their cause', async () => {
    await using server = await openScriptedServer((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('data: {"choices":[{"index":0,"delta":{"content":"one"}}]}\n\n');
      if (server.received.length === 1) response.end('data: [DONE]\n\n');
    });
    await using http = openLocalHttp();
    const fetch = withLimits(http, { idleMs: 100 });
    const model = new OpenAI({ apiKey: 'none', baseURL: `${server.url}/v1`, fetch, maxRetries: 0 });
    const ask = () =>
      model.chat.completions.create({ model: 'm', messages: [{ role: 'user', content: 'hi' }], stream: true });
    let text = '';
    for await (const part of await ask()) text += part.choices[0]?.delta.content ?? '';
    expect(text).toBe('one');
    const stalled = async () => {
      for await (const _ of await ask());
    };
    expect(await codeOf(stalled())).toBe('agent_timeout');
  });
});

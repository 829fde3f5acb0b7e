import OpenAI from 'openai';
import { describe, expect, test } from 'vitest';
import { BatonError } from '../../src/contracts/error.ts';
import { readText } from '../../src/outbound/body.ts';
import { type HttpClient, type HttpRequest, openHttp } from '../../src/outbound/http.ts';
import { flood, openScriptedServer, type Script } from '../support/scripted-server.ts';

const limits = { firstByteMs: 5_000, idleMs: 5_000, totalMs: 10_000, maxBytes: 1_000_000 };

const get = (url: string, more: Partial<HttpRequest> = {}): HttpRequest => ({ url, method: 'GET', limits, ...more });

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'none';
  } catch (thrown) {
    return BatonError.from(thrown).code;
  }
}

const says =
  (text: string, status = 200): Script =>
  (response) =>
    void response.writeHead(status, { 'x-said': 'yes' }).end(text);

describe('the HTTP client', () => {
  test('gives status, headers and body of any answer, 404 included', async () => {
    await using server = await openScriptedServer(says('döner', 404));
    await using http = openHttp({ policy: 'operator' });
    const response = await http.request(get(server.url));
    expect(response.status).toBe(404);
    expect(response.header('X-Said')).toBe('yes');
    expect(response.header('x-other')).toBeNull();
    expect(await readText(response.body)).toBe('döner');
  });

  test('uses connections again when their answers were read to the end', async () => {
    const sockets = new Set<unknown>();
    await using server = await openScriptedServer((response) => {
      sockets.add(response.socket);
      response.end('x');
    });
    await using http = openHttp({ policy: 'operator' });
    for (let call = 0; call < 10; call += 1) await readText((await http.request(get(server.url))).body);
    // Two and not one: a call may begin before the socket of the last one is free.
    expect(sockets.size).toBeLessThanOrEqual(2);
  });

  test('opens no more connections to one origin than its bound', async () => {
    const sockets = new Set<unknown>();
    await using server = await openScriptedServer((response) => {
      sockets.add(response.socket);
      response.end('x');
    });
    await using http = openHttp({ policy: 'operator', connections: 2 });
    const calls = Array.from({ length: 12 }, async () => readText((await http.request(get(server.url))).body));
    expect(await Promise.all(calls)).toHaveLength(12);
    expect(sockets.size).toBe(2);
  });

  test('counts waiting for a free connection as waiting for the first byte', async () => {
    await using server = await openScriptedServer(() => undefined);
    await using http = openHttp({ policy: 'operator', connections: 1 });
    const first = codeOf(http.request(get(server.url)));
    await server.next();
    expect(await codeOf(http.request(get(server.url, { limits: { ...limits, firstByteMs: 50 } })))).toBe(
      'agent_timeout',
    );
    await http.close();
    expect(await first).toBe('draining');
  });

  test('does not take a slow reader for a silent server', async () => {
    await using server = await openScriptedServer((response, { path }) => {
      if (path === '/silent') return;
      response.write('first ', () => response.end('second'));
    });
    await using http = openHttp({ policy: 'operator' });
    const response = await http.request(get(server.url, { limits: { ...limits, idleMs: 40 } }));
    const first = await response.body.next();
    // Another call that times out after three times the idle limit is the clock here.
    const silent = get(`${server.url}/silent`, { limits: { ...limits, firstByteMs: 120 } });
    expect(await codeOf(http.request(silent))).toBe('agent_timeout');
    expect(Buffer.from(first.value ?? []).toString() + (await readText(response.body))).toBe('first second');
  });

  test('closes the socket when the reader of a body stops, also while it waits', async () => {
    await using server = await openScriptedServer((response) => void response.write('first'));
    await using http = openHttp({ policy: 'operator' });
    for (const waiting of [false, true]) {
      const response = await http.request(get(server.url));
      const { closed } = await server.next();
      await response.body.next();
      const pending = waiting ? codeOf(response.body.next()) : null;
      await response.body.return?.();
      await closed;
      if (pending !== null) expect(await pending).toBe('cancelled');
      expect(await response.body.next()).toMatchObject({ done: true });
    }
  });

  test('closes the socket of a body that nobody reads when the total limit has passed', async () => {
    await using server = await openScriptedServer((response) => void response.write('first'));
    await using http = openHttp({ policy: 'operator' });
    await http.request(get(server.url, { limits: { ...limits, totalMs: 500 } }));
    await (await server.next()).closed;
  });

  test('ends open calls with draining when it is closed, and takes no more', async () => {
    await using server = await openScriptedServer((response) => void response.write('first'));
    const http = openHttp({ policy: 'operator' });
    const response = await http.request(get(server.url));
    const read = codeOf(readText(response.body));
    await http.close();
    expect(await read).toBe('draining');
    expect(await codeOf(http.request(get(server.url)))).toBe('draining');
  });

  test('names no address in what users may read, and keeps it for the log', async () => {
    await using http = openHttp({ policy: 'operator' });
    const error = await http
      .request(get('http://nowhere.invalid/secret', { peer: 'The registry' }))
      .catch(BatonError.from);
    expect(error).toMatchObject({ code: 'agent_unreachable' });
    const { message, cause } = error as BatonError; // the request cannot succeed: .invalid never resolves (RFC 2606)
    expect(message).toMatch(/^The registry could not be reached: its host name .+\.$/);
    expect(message).not.toContain('nowhere');
    expect(String((cause as Error).cause)).toContain('nowhere.invalid');
  });

  test('refuses what is no URL', async () => {
    await using http = openHttp({ policy: 'operator' });
    expect(await codeOf(http.request(get('nonsense')))).toBe('agent_unreachable');
  });

  test('says so when the port is one that fetch never opens', async () => {
    await using http = openHttp({ policy: 'operator' });
    await expect(http.request(get('http://127.0.0.1:6000/'))).rejects.toThrow('choose another');
  });
});

describe('the fetch of the HTTP client', () => {
  const model = (http: HttpClient, url: string, timeout = 5_000) =>
    new OpenAI({ apiKey: 'test', baseURL: `${url}/v1`, fetch: http.fetch, maxRetries: 0, timeout });
  const ask = { model: 'm', messages: [{ role: 'user' as const, content: 'hi' }] };
  const chunk = (content: string) => `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content } }] })}\n\n`;

  test('streams for the openai package, over the same connections', async () => {
    await using server = await openScriptedServer((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.end(`${chunk('one ')}${chunk('two')}data: [DONE]\n\n`);
    });
    await using http = openHttp({ policy: 'operator' });
    const stream = await model(http, server.url).chat.completions.create({
      ...ask,
      messages: [...ask.messages],
      stream: true,
    });
    let text = '';
    for await (const part of stream) text += part.choices[0]?.delta.content ?? '';
    expect(text).toBe('one two');
    expect(server.received[0]).toMatchObject({ method: 'POST', path: '/v1/chat/completions' });
    expect(server.received[0]?.headers.authorization).toBe('Bearer test');
    expect(JSON.parse(server.received[0]?.body ?? '')).toMatchObject({ model: 'm', stream: true });
  });

  test('closes the socket when the caller of the model stops', async () => {
    await using server = await openScriptedServer((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write(chunk('one'));
    });
    await using http = openHttp({ policy: 'operator' });
    const caller = new AbortController();
    const body = { ...ask, stream: true as const };
    const stream = await model(http, server.url).chat.completions.create(body, { signal: caller.signal });
    for await (const _ of stream) caller.abort();
    await (await server.next()).closed;
  });

  test('takes in no more of an answer than its bound, and unpacks none', async () => {
    await using server = await openScriptedServer((response, { path }) => {
      if (path.startsWith('/packed')) response.setHeader('content-encoding', 'gzip');
      flood(response.writeHead(200, { 'content-type': 'application/json' }), ' '.repeat(64_000));
    });
    await using http = openHttp({ policy: 'operator' });
    for (const at of ['', '/packed'])
      await expect(model(http, `${server.url}${at}`, 600_000).chat.completions.create(ask)).rejects.toThrow();
    for (const { closed, headers } of server.received) {
      expect(headers['accept-encoding']).toBe('identity');
      await closed;
    }
  });

  test('does not follow a redirect with a prompt and a key in it', async () => {
    await using other = await openScriptedServer(says('{}'));
    await using server = await openScriptedServer(
      (response) => void response.writeHead(307, { location: `${other.url}/v1/chat/completions` }).end(),
    );
    await using http = openHttp({ policy: 'operator' });
    await expect(model(http, server.url).chat.completions.create(ask)).rejects.toThrow();
    expect(server.received).toHaveLength(1);
    expect(other.received).toEqual([]);
  });
});

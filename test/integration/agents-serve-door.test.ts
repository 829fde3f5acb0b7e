import { once } from 'node:events';
import { request } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import { busy, rejected } from '../../src/agents/agent.ts';
import type { AgentDefinition } from '../../src/agents/definition.ts';
import { serveAgent } from '../../src/agents/serve.ts';
import { Problem } from '../../src/contracts/error.ts';
import { about, alone, post, task } from '../support/served-agent.ts';

const speaker: AgentDefinition = {
  ...about,
  async *stream() {
    yield 'one ';
    yield 'two';
  },
};

/** The problem of an answer, which must be one. */
async function problemOf(answer: Response): Promise<Problem> {
  expect(answer.headers.get('content-type')).toBe('application/problem+json');
  const problem = Problem.parse(await answer.json());
  expect(problem.status).toBe(answer.status);
  return problem;
}

describe('a served agent answers at both doors, whichever way it is defined', () => {
  test.each<[string, AgentDefinition, string, string]>([
    ['stream', speaker, 'one two', '"token":"one "'],
    ['invoke', { ...about, invoke: () => 'one two' }, 'one two', '"content":"one two"'],
    ['reply', { ...about, reply: 'one two' }, 'one two', '"content":"one two"'],
    [
      'messages',
      {
        ...about,
        async *messages() {
          yield 'one';
          yield 'two';
        },
      },
      'one\n\ntwo',
      '"content":"one"',
    ],
  ])('defined with %s', async (_kind, definition, folded, framed) => {
    await using served = await serveAgent(definition, alone);
    const reply = await post(`${served.url}/invoke`);
    expect(await reply.json()).toMatchObject({ response: folded, task_id: 't1' });
    const frames = (await (await post(`${served.url}/stream`)).text()).split('\n\n');
    expect(frames[0]).toContain(framed);
    expect(frames.at(-2)).toBe(`data: {"type":"done","confidence":null,"usage":null,"truncated":false}`);
  });

  test.each([
    ['text/event-stream', 'text/event-stream; charset=utf-8', /^data: \{"type":"token","token":"one "\}\n\ndata: /],
    ['application/x-ndjson', 'application/x-ndjson', /^\{"type":"token","token":"one "\}\n\{"type":"token"/],
    ['*/*', 'text/event-stream; charset=utf-8', /^data: /],
    ['application/x-ndjson, text/event-stream;q=0.5', 'application/x-ndjson', /^\{/],
  ])('streams what Accept: %s asks for', async (accept, type, text) => {
    await using served = await serveAgent(speaker, alone);
    const answer = await post(`${served.url}/stream`, { headers: { accept } });
    expect(answer.headers.get('content-type')).toBe(type);
    expect(await answer.text()).toMatch(text);
  });

  test('refuses a stream of another format', async () => {
    await using served = await serveAgent(speaker, alone);
    const answer = await post(`${served.url}/stream`, { headers: { accept: 'text/html' } });
    expect(await problemOf(answer)).toMatchObject({ status: 406, code: 'not_acceptable' });
  });
});

describe('a served agent refuses in problem details', () => {
  test.each([
    ['GET', '/invoke', 405, 'POST'],
    ['DELETE', '/stream', 405, 'POST'],
    ['POST', '/health', 405, 'GET, HEAD'],
    ['GET', '/admin', 404, null],
    ['POST', '/', 404, null],
  ])('%s %s with %i', async (method, path, status, allow) => {
    await using served = await serveAgent(speaker, alone);
    const answer = await fetch(`${served.url}${path}`, { method });
    expect(answer.headers.get('allow')).toBe(allow);
    expect(await problemOf(answer)).toMatchObject({ status, instance: path });
  });

  test.each([
    ['a form', 'a=b', { 'content-type': 'application/x-www-form-urlencoded' }, 415],
    ['a compressed body', task, { 'content-encoding': 'gzip' }, 415],
    ['no JSON', '{"task_id":', {}, 400],
    ['an empty body', '', {}, 400],
    ['no task', '[]', {}, 422],
    ['a task without an id', '{"description":"x"}', {}, 422],
  ])('%s', async (_what, body, headers, status) => {
    await using served = await serveAgent(speaker, alone);
    expect(await problemOf(await post(`${served.url}/invoke`, { body, headers }))).toMatchObject({ status });
  });

  test('a body that comes too slowly, with 408', async () => {
    await using served = await serveAgent(speaker, { ...alone, requestTimeoutMs: 150 });
    const head = 'POST /invoke HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{';
    expect(await rawAnswer(served.url, head)).toMatch(/^HTTP\/1.1 408 [\s\S]*"code":"request_timeout"/);
  });

  test('headers that come too slowly, with 408', async () => {
    await using served = await serveAgent(speaker, { ...alone, requestTimeoutMs: 150 });
    const answer = await rawAnswer(served.url, 'POST /invoke HTTP/1.1\r\nHost: x\r\n');
    expect(answer).toMatch(/^HTTP\/1.1 408 [\s\S]*application\/problem\+json[\s\S]*"status":408/);
  });

  test('what is not HTTP, with 400', async () => {
    await using served = await serveAgent(speaker, alone);
    expect(await rawAnswer(served.url, 'hello\r\n\r\n')).toMatch(/^HTTP\/1.1 400 [\s\S]*"status":400/);
  });

  test('a body that grows too large without saying so, with 413', async () => {
    await using served = await serveAgent(speaker, alone);
    const sender = request(`${served.url}/invoke`, { method: 'POST', headers: { 'content-type': 'application/json' } });
    const closed = new Promise((resolve) => sender.once('close', resolve));
    const megabyte = Buffer.alloc(1_000_000, 'x');
    const send = (): void => void sender.write(megabyte, () => setImmediate(send));
    sender.on('error', () => undefined); // its connection is closed while it sends, which is what shall happen
    send();
    const [answer] = await once(sender, 'response');
    expect([answer.statusCode, JSON.parse(await text(answer)).code]).toEqual([413, 'body_too_large']);
    await closed;
  });
});

describe('a served agent looks at its payload before its handler does', () => {
  const strict: AgentDefinition = {
    ...about,
    payload_schema: {
      required_fields: { query: 'string', task_id: 'string' },
      optional_fields: { limit: 'integer' },
      json_schema: { type: 'object', properties: { lang: { enum: ['de', 'fr'] } } },
    },
    invoke: ({ query }) => `found ${query}`,
  };
  const ask = async (url: string, input: object) =>
    post(`${url}/invoke`, { body: JSON.stringify({ ...JSON.parse(task), ...input }) });

  test('takes what fits', async () => {
    await using served = await serveAgent(strict, alone);
    const answer = await ask(served.url, { query: 'it', limit: 3, lang: 'de', more: true });
    expect(await answer.json()).toMatchObject({ response: 'found it' });
  });

  test('names every field that does not, with 422', async () => {
    await using served = await serveAgent(strict, alone);
    const problem = await problemOf(await ask(served.url, { limit: 'three', lang: 'en' }));
    expect(problem).toMatchObject({ status: 422, code: 'invalid_request' });
    expect(problem.errors).toEqual([
      { path: 'query', message: 'expected it to be there, as string' },
      { path: 'limit', message: 'expected it as integer' },
      { path: 'lang', message: 'expected it as one of "de", "fr"' },
    ]);
    expect(problem.detail).toContain('query: expected it to be there, as string');
  });

  test('is not served with a schema that cannot be used', async () => {
    const payload_schema = { json_schema: { type: 'nonsense' } };
    await expect(serveAgent({ ...strict, payload_schema }, alone)).rejects.toMatchObject({ code: 'config_invalid' });
  });
});

describe('a handler says how it fails', () => {
  const failing = (thrown: unknown): AgentDefinition => ({ ...about, invoke: () => Promise.reject(thrown) });

  test.each([
    ['busy', busy('The press is full.', 4_200), 429, '5', 'The press is full.'],
    ['busy for a while', busy(), 429, '1', 'The agent has too much to do.'],
    ['rejected', rejected('No poems about rain.'), 422, null, 'No poems about rain.'],
    ['anything else', new Error('no more ink'), 500, null, 'no more ink'],
    ['no error at all', 'no more ink', 500, null, 'no more ink'],
  ])('%s', async (_what, thrown, status, after, detail) => {
    await using served = await serveAgent(failing(thrown), alone);
    for (const path of ['/invoke', '/stream']) {
      const answer = await post(`${served.url}${path}`);
      expect(answer.headers.get('retry-after')).toBe(after);
      expect(await problemOf(answer)).toMatchObject({ status, detail });
    }
  });

  test('is logged when it is the agent that broke, and not when it refused', async () => {
    const logged: string[] = [];
    const log = (message: string) => void logged.push(message);
    for (const thrown of [busy(), rejected('no'), new Error('no more ink')]) {
      await using served = await serveAgent(failing(thrown), { ...alone, log });
      await post(`${served.url}/invoke`);
    }
    expect(logged).toEqual(['Agent "probe" failed at /invoke: no more ink']);
  });
});

/** Everything the agent says to these bytes, up to the end of the connection. */
async function rawAnswer(url: string, bytes: string): Promise<string> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  let text = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  socket.write(bytes);
  await once(socket, 'close');
  return text;
}

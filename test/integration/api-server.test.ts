import { once } from 'node:events';
import { Agent, get, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openServer } from '../../src/api/server.ts';
import { BatonError, Problem } from '../../src/contracts/error.ts';
import { openTestApi, type TestApi, type TestApiOptions } from '../support/api.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';

let redis: TestRedis;

beforeAll(async () => {
  redis = await startTestRedis();
});

afterAll(async () => {
  await redis.stop();
});

async function withApi<T>(options: TestApiOptions, use: (door: TestApi) => Promise<T>): Promise<T> {
  const door = await openTestApi(redis.url, options);
  try {
    return await use(door);
  } finally {
    await door[Symbol.asyncDispose]();
  }
}

function submit(door: TestApi, headers: Record<string, string> = {}, path = '/v1/runs'): Promise<Response> {
  return fetch(`${door.url}${path}`, {
    ...{ method: 'POST', body: '{"query":"x"}', headers: { 'content-type': 'application/json', ...headers } },
  });
}

/** Sends bytes and gives back what comes until the other side closes. */
async function raw(port: number, ...parts: readonly string[]): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  for (const part of parts) socket.write(part);
  let answer = '';
  socket.on('data', (bytes) => {
    answer += bytes;
  });
  await once(socket, 'close');
  return answer;
}

describe('health', () => {
  test('livez and readyz say that the process serves, and with which model', async () => {
    await withApi({ model: { name: 'baton-offline', offline: true } }, async ({ url }) => {
      expect(await (await fetch(`${url}/livez`)).json()).toEqual({ status: 'ok' });
      const ready = await fetch(`${url}/readyz`);
      expect([ready.status, await ready.json()]).toEqual([
        200,
        { status: 'ready', model: { name: 'baton-offline', offline: true } },
      ]);
    });
  });

  test('while it drains, readyz is a 503 and livez is not', async () => {
    await withApi({}, async ({ url, api }) => {
      api.drain();
      const ready = await fetch(`${url}/readyz`);
      expect(Problem.parse(await ready.json())).toMatchObject({ status: 503, code: 'draining' });
      expect(ready.headers.get('connection')).toBe('close');
      expect((await fetch(`${url}/livez`)).status).toBe(200);
    });
  });
});

describe('Redis away', () => {
  test('killed: every route that needs it is a 503 with Retry-After; livez lives, and all recover', async () => {
    const own = await startTestRedis();
    const door = await openTestApi(own.url);
    await own.kill();
    const answers = await Promise.all([
      submit(door),
      submit(door, {}, '/orchestrate'),
      submit(door, { accept: 'text/event-stream' }),
      fetch(`${door.url}/v1/runs`),
      fetch(`${door.url}/v1/runs/r${'0'.repeat(22)}`),
      fetch(`${door.url}/v1/runs/r${'0'.repeat(22)}/events`),
      fetch(`${door.url}/v1/runs/r${'0'.repeat(22)}/cancel`, { method: 'POST' }),
      fetch(`${door.url}/agents`),
      fetch(`${door.url}/v1/agents/a`, { method: 'DELETE' }),
      fetch(`${door.url}/readyz`),
    ]);
    for (const answer of answers) {
      expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '1']);
      const text = await answer.text();
      expect(Problem.parse(JSON.parse(text)).code).toBe('store_unavailable');
      expect(text).not.toMatch(/ECONNREFUSED|127\.0\.0\.1|\.ts:|retries/);
    }
    expect((await fetch(`${door.url}/livez`)).status).toBe(200);
    expect(door.lines.filter(({ text }) => text === 'request failed')).toHaveLength(answers.length);
    await own.restart();
    await expect.poll(async () => (await fetch(`${door.url}/readyz`)).status, { timeout: 5_000 }).toBe(200);
    await door[Symbol.asyncDispose]();
    await own.stop();
  });

  test('silent: readyz does not wait longer than a second', async () => {
    await withApi({}, async ({ url }) => {
      await fetch(`${url}/readyz`);
      redis.pause();
      const begun = performance.now();
      expect((await fetch(`${url}/readyz`)).status).toBe(503);
      expect(performance.now() - begun).toBeLessThan(2_500);
      redis.resume();
    });
  });
});

describe('a slow client (slow-loris)', () => {
  const slow = { headersTimeoutMs: 300, requestTimeoutMs: 600 };

  test('that does not finish its headers gets 408', async () => {
    await withApi(slow, async ({ server }) => {
      expect(await raw(server.port, 'GET / HTTP/1.1\r\n')).toMatch(/^HTTP\/1.1 408 /);
    });
  });

  test('that does not finish its body gets 408', async () => {
    await withApi(slow, async ({ server }) => {
      const head = 'POST /v1/runs HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n';
      expect(await raw(server.port, head, '{"query"')).toMatch(/^HTTP\/1.1 408 /);
    });
  });
});

test('a client that leaves in the middle of its body is no failure', async () => {
  await withApi({}, async ({ server, url, lines }) => {
    const socket = connect(server.port, '127.0.0.1');
    socket.write('POST /v1/runs HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{');
    await once(socket, 'connect');
    await fetch(`${url}/livez`);
    socket.destroy();
    await fetch(`${url}/livez`);
    await server.close();
    expect(lines).toEqual([]);
  });
});

test('an answer that takes longer than its bound is a 504 with where the run goes on', async () => {
  await withApi({ orchestrateMs: 50 }, async (door) => {
    const response = await submit(door, {}, '/orchestrate');
    const problem = Problem.parse(await response.json());
    expect([response.status, problem.code]).toEqual([504, 'still_running']);
    expect(problem.detail).toContain(response.headers.get('location'));
    expect(response.headers.get('retry-after')).toBe('1');
    expect(door.lines).toEqual([]);
  });
});

describe('close', () => {
  test('ends streams with a comment, answers what waits, and leaves no connection', async () => {
    await withApi({ drainMs: 5_000 }, async (door) => {
      const agent = new Agent({ keepAlive: true });
      const idle = get(`${door.url}/livez`, { agent });
      const [answer] = (await once(idle, 'response')) as [IncomingMessage];
      answer.resume();
      const stream = await submit(door, { accept: 'text/event-stream' });
      const waiting = submit(door, { prefer: 'wait=30' });
      const seed = submit(door, {}, '/orchestrate');
      await expect.poll(() => door.store.redis.zcard(door.store.keys.runs)).toBeGreaterThanOrEqual(3);
      const begun = performance.now();
      const closed = door.server.close();
      expect(await stream.text()).toMatch(/: this process is shutting down, resume with Last-Event-ID\n\n$/);
      expect((await waiting).status).toBe(202);
      const problem = Problem.parse(await (await seed).json());
      expect([problem.code, problem.detail]).toEqual(['draining', expect.stringContaining('/v1/runs/r')]);
      await closed;
      expect(performance.now() - begun).toBeLessThan(2_000);
      await expect(fetch(`${door.url}/livez`)).rejects.toThrow();
      agent.destroy();
    });
  });

  test('cuts at the deadline what does not end by itself', async () => {
    await withApi({ drainMs: 100 }, async (door) => {
      const socket = connect(door.server.port, '127.0.0.1');
      await once(socket, 'connect');
      socket.write('POST /v1/runs HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{');
      await fetch(`${door.url}/livez`);
      const cut = once(socket, 'close');
      await door.server.close();
      await cut;
    });
  });

  test('does not wait for a connection on which no request was ever made', async () => {
    await withApi({ drainMs: 30_000 }, async (door) => {
      const socket = connect(door.server.port, '127.0.0.1');
      await once(socket, 'connect');
      await fetch(`${door.url}/livez`); // the server has seen the spare connection before this one
      const cut = once(socket, 'close');
      const begun = performance.now();
      await door.server.close();
      await cut;
      expect(performance.now() - begun).toBeLessThan(5_000);
    });
  });

  test('twice is once', async () => {
    await withApi({}, async ({ server }) => {
      await Promise.all([server.close(), server.close()]);
    });
  });
});

test('a port that is taken is a clear error', async () => {
  await withApi({}, async ({ api, server }) => {
    const opening = openServer({ app: api, host: '127.0.0.1', port: server.port });
    await expect(opening).rejects.toThrow(BatonError);
    await expect(opening).rejects.toThrow(`127.0.0.1:${server.port}: another process listens there`);
  });
});

test('an IPv6 address makes a URL', async () => {
  await withApi({ host: '::1' }, async ({ url }) => {
    expect(url).toMatch(/^http:\/\/\[::1\]:\d+$/);
    expect((await fetch(`${url}/livez`)).status).toBe(200);
  });
});

test('a bug is a 500 without its text, logged with the request', async () => {
  const registry = {
    ...{ register: async () => 'same' as const, remove: async () => true, heartbeat: async () => true },
    find: async () => undefined,
    list: async (): Promise<never> => {
      throw new TypeError('secret at /home/x.ts:1');
    },
  };
  await withApi({ registry }, async ({ url, lines }) => {
    const response = await fetch(`${url}/agents`, { headers: { 'x-request-id': 'req-500' } });
    expect(await response.json()).toEqual({
      type: 'urn:baton:problem:internal',
      title: 'Something went wrong inside baton.',
      status: 500,
      detail: 'Something went wrong inside baton.',
      instance: 'urn:baton:request:req-500',
      code: 'internal',
      errors: [],
    });
    expect(lines).toMatchObject([
      { level: 'error', fields: { request_id: 'req-500', path: '/agents', code: 'internal' } },
    ]);
  });
});

import type { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { closeRedis, type Outage, openRedis, type RedisRole } from '../../src/runtime/redis.ts';
import { checkRedis } from '../../src/runtime/redis-gate.ts';
import { freePort } from '../../src/runtime/redis-server-process.ts';
import { isContainer, startTestRedis, type TestRedis } from '../support/redis.ts';

let server: TestRedis;
const opened: Redis[] = [];

beforeAll(async () => {
  server = await startTestRedis({ appendonly: true });
});

afterEach(() => {
  for (const redis of opened.splice(0)) redis.disconnect();
});

afterAll(() => server.stop());

function open(role: RedisRole): { redis: Redis; outages: Outage[] } {
  const outages: Outage[] = [];
  const redis = openRedis(server.url, role, (outage) => void outages.push(outage));
  opened.push(redis);
  return { redis, outages };
}

describe.skipIf(isContainer)('openRedis', () => {
  test('an outage is told once, and so is its end; a worker command waits it out', async () => {
    const { redis, outages } = open('command');
    await redis.set('kept', '1');
    await server.kill();
    await expect.poll(() => outages).toHaveLength(1);
    const waiting = redis.get('kept');
    // Several attempts to reconnect fail meanwhile.
    await expect.poll(() => redis.listenerCount('error') > 0 && retries(redis), { timeout: 5_000 }).toBeGreaterThan(3);
    await server.restart();
    expect(await waiting).toBe('1');
    await expect.poll(() => outages.map(({ state }) => state)).toEqual(['lost', 'recovered']);
  });

  test('a request fails instead of waiting for a server that is gone', async () => {
    const { redis } = open('request');
    await redis.ping();
    await server.kill();
    await expect(redis.get('kept')).rejects.toThrow();
    await server.restart();
    await expect.poll(() => redis.get('kept').catch(() => 'not yet'), { timeout: 5_000 }).toBe('1');
  });

  test('a request fails after 5 s when the server is frozen', async () => {
    const { redis } = open('request');
    await redis.ping();
    server.pause();
    try {
      await expect(redis.get('kept')).rejects.toThrow('timed out');
    } finally {
      server.resume();
    }
  });

  test('commands made in one tick reach Redis in their order, MULTI included', async () => {
    const { redis } = open('command');
    const first = redis.rpush('order', 'first');
    const second = redis.multi().rpush('order', 'second').exec();
    await Promise.all([first, second]);
    expect(await redis.lrange('order', 0, -1)).toEqual(['first', 'second']);
  });

  test('closing lets what was sent be answered', async () => {
    const { redis } = open('command');
    const answer = redis.incr('counter');
    await redis.ping();
    await closeRedis(redis);
    expect(await answer).toBe(1);
    await expect.poll(() => redis.status).toBe('end');
  });
});

describe.skipIf(isContainer)('checkRedis', () => {
  test('a sound Redis passes without a warning', async () => {
    expect(await checkRedis(open('command').redis)).toEqual([]);
  });

  test('one that evicts keys is refused, with what to do', async () => {
    const { redis } = open('command');
    await redis.config('SET', 'maxmemory-policy', 'allkeys-lru');
    try {
      await expect(checkRedis(redis)).rejects.toMatchObject({
        code: 'redis_unsuitable',
        message: expect.stringContaining('CONFIG SET maxmemory-policy noeviction'),
      });
    } finally {
      await redis.config('SET', 'maxmemory-policy', 'noeviction');
    }
  });

  test('one without an append-only file is let in with a warning', async () => {
    await using volatile = await startTestRedis();
    const redis = openRedis(volatile.url, 'command', () => undefined);
    opened.push(redis);
    expect(await checkRedis(redis)).toEqual([expect.stringContaining('append-only file')]);
  });

  test('one that is not there is said to be so, without a password', async () => {
    const url = `redis://:hunter2@127.0.0.1:${await freePort()}`;
    const redis = openRedis(url, 'request', () => undefined);
    opened.push(redis);
    const fault: unknown = await checkRedis(redis).catch((error: unknown) => error);
    expect(fault).toMatchObject({ code: 'store_unavailable', message: expect.stringContaining('127.0.0.1:') });
    expect(String(fault)).not.toContain('hunter2');
  });

  test('one whose user may not read the configuration is let in', async () => {
    const { redis } = open('command');
    await redis.acl('SETUSER', 'limited', 'on', '>pw', '~*', '+@all', '-config');
    const limited = openRedis(server.url.replace('//', '//limited:pw@'), 'command', () => undefined);
    opened.push(limited);
    expect(await checkRedis(limited)).toEqual([]);
  });
});

/** Attempts to reconnect since the link was lost; ioredis counts them but does not publish the count. */
function retries(redis: Redis): number {
  const attempts: unknown = Reflect.get(redis, 'retryAttempts');
  return typeof attempts === 'number' ? attempts : 0;
}

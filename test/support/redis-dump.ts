import type { Redis } from 'ioredis';

/** Every key of a Redis with all that it holds, as text. */
export async function dumpOf(connection: Redis): Promise<readonly string[]> {
  const texts: string[] = [];
  for await (const keys of connection.scanStream({ count: 1_000 }) as AsyncIterable<string[]>)
    texts.push(...(await Promise.all(keys.map(async (key) => `${key} ${await contentOf(connection, key)}`))));
  return texts;
}

async function contentOf(connection: Redis, key: string): Promise<string> {
  const type = await connection.type(key);
  const readers: Readonly<Record<string, () => Promise<unknown>>> = {
    string: () => connection.get(key),
    hash: () => connection.hgetall(key),
    list: () => connection.lrange(key, 0, -1),
    set: () => connection.smembers(key),
    zset: () => connection.zrange(key, '0', '-1'),
    stream: () => connection.xrange(key, '-', '+'),
    none: async () => '',
  };
  const read = readers[type];
  if (read === undefined) throw new Error(`expected a known type, came ${type}`);
  return JSON.stringify(await read());
}

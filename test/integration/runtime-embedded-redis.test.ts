import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, inject, test } from 'vitest';
import { openEmbeddedRedis } from '../../src/runtime/embedded-redis.ts';
import { loadState, storeState } from '../../src/runtime/embedded-state.ts';
import { identityOf, isSameProcess, ownIdentity } from '../../src/runtime/process-identity.ts';
import { killRedisServer } from '../../src/runtime/redis-server-process.ts';
import { findTestRedisServer } from '../support/redis-binary.ts';

const script = fileURLToPath(new URL('../support/children/embedded-redis.ts', import.meta.url));
const children: ChildProcess[] = [];
let home: string;
let binary: string;

beforeEach(async () => {
  // The space is on purpose: people have such folders.
  home = await mkdtemp(path.join(tmpdir(), 'baton home-'));
  binary = inject('redisServerBin') ?? (await findTestRedisServer());
});

afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  const server = loadState(home);
  if (server !== null) await killRedisServer(server);
  await rm(home, { recursive: true, force: true });
});

type Opened = { readonly url: string; readonly pid: number; readonly owner: boolean; readonly said: readonly string[] };
type Opener = Opened & { readonly child: ChildProcess };

async function openInChild(): Promise<Opener> {
  const child = fork(script, [home, binary]);
  children.push(child);
  const [message]: readonly unknown[] = await once(child, 'message', { signal: AbortSignal.timeout(15_000) });
  // The child is ours and sends nothing else.
  return { ...(message as Opened), child };
}

async function close({ child }: Opener): Promise<void> {
  child.send('close');
  await once(child, 'exit', { signal: AbortSignal.timeout(15_000) });
}

async function kill({ child }: Opener): Promise<void> {
  child.kill('SIGKILL');
  await once(child, 'exit', { signal: AbortSignal.timeout(15_000) });
}

const openHere = (said: string[] = []) =>
  openEmbeddedRedis({ home, redisServerBin: binary, cacheFolder: home, say: (line) => void said.push(line) });

async function command<T>(url: string, run: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis(url);
  try {
    return await run(redis);
  } finally {
    redis.disconnect();
  }
}

test('two processes that start at the same time share one server, and its owner stops it', async () => {
  const both = await Promise.all([openInChild(), openInChild()]);
  const [owner, guest] = both[0].owner ? both : [both[1], both[0]];
  expect([owner.owner, guest.owner]).toEqual([true, false]);
  expect(guest).toMatchObject({ url: owner.url, pid: owner.pid });
  expect(guest.said).toContain(`using the redis-server of process ${owner.child.pid}`);

  await close(guest);
  expect(await command(owner.url, (redis) => redis.ping())).toBe('PONG');

  const server = identityOf(owner.pid);
  await close(owner);
  expect(isSameProcess(server)).toBe(false);
  expect(loadState(home)).toBeNull();
});

test('the server outlives a kill -9 of its owner, and the next process takes it over with its data', async () => {
  const first = await openInChild();
  await command(first.url, (redis) => redis.set('run', 'kept'));
  await kill(first);

  const second = await openInChild();
  expect(second).toMatchObject({ owner: true, pid: first.pid, url: first.url });
  expect(second.said).toEqual([`taking over the redis-server of process ${first.child.pid}, which has gone`]);
  expect(await command(second.url, (redis) => redis.get('run'))).toBe('kept');

  await close(second);
  expect(isSameProcess(identityOf(first.pid))).toBe(false);
});

test('a dead server is replaced by a new one on the same data', async () => {
  const first = await openInChild();
  await command(first.url, (redis) => redis.set('run', 'kept'));
  await kill(first);
  await killRedisServer(identityOf(first.pid));

  const second = await openHere();
  expect(second.pid).not.toBe(first.pid);
  expect(second.owner).toBe(true);
  expect(await command(second.url, (redis) => redis.get('run'))).toBe('kept');
  await second.close();
});

test('data written before an orderly close is there after the next start', async () => {
  const first = await openHere();
  await command(first.url, (redis) => redis.set('run', 'kept'));
  await first.close();
  await first.close();
  const second = await openHere();
  expect(await command(second.url, (redis) => redis.get('run'))).toBe('kept');
  await second[Symbol.asyncDispose]();
});

test('a second open in one process is a guest too', async () => {
  const first = await openHere();
  const second = await openHere();
  expect(second).toMatchObject({ owner: false, url: first.url });
  await second.close();
  expect(await command(first.url, (redis) => redis.ping())).toBe('PONG');
  await first.close();
});

test('a state that names a process number in use by another program is not believed', async () => {
  const stranger = { pid: process.pid, startedAt: 1 };
  storeState(home, { ...stranger, port: 6_379, version: '7.0.15', owner: ownIdentity() });
  const redis = await openHere();
  expect(redis.pid).not.toBe(process.pid);
  expect(redis.url).not.toContain(':6379');
  await redis.close();
});

test('a state that cannot be read counts as none', async () => {
  await writeFile(path.join(home, 'redis.json'), '{"port":');
  const redis = await openHere();
  expect(redis.owner).toBe(true);
  await redis.close();
});

test('a server that cannot start says where its log is and leaves no state behind', async () => {
  const first = await openHere();
  await command(first.url, (redis) => redis.set('run', 'kept'));
  await first.close();
  const manifest = path.join(home, 'redis', 'appendonlydir', 'appendonly.aof.manifest');
  await writeFile(manifest, 'not a manifest\n');

  await expect(openHere()).rejects.toMatchObject({
    code: 'redis_unsuitable',
    message: expect.stringContaining(path.join(home, 'redis', 'redis.log')),
  });
  expect(loadState(home)).toBeNull();
  expect(await readFile(manifest, 'utf8')).toBe('not a manifest\n');
});

test('a configured redis-server that does not run is named', async () => {
  const opening = openEmbeddedRedis({
    home,
    redisServerBin: '/nowhere/redis',
    cacheFolder: home,
    say: () => undefined,
  });
  await expect(opening).rejects.toThrow('REDIS_SERVER_BIN=/nowhere/redis does not run as a redis-server here');
});

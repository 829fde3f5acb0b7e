import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { configFromProcess } from '../../src/runtime/config.ts';
import { findRedisServer, serverVersion } from '../../src/runtime/redis-binary.ts';
import { hasApt, redisFromApt } from '../../src/runtime/redis-from-apt.ts';
import { isSupported } from '../../src/runtime/redis-version.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'baton-binary-'));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

const say = (): void => undefined;
const runs = async (binary: string): Promise<boolean> => (await serverVersion(binary)) !== null;

/** A program that answers as a redis-server of this version would. */
async function fakeServer(file: string, version: string): Promise<string> {
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, `#!/bin/sh\necho "Redis server v=${version} sha=00000000:0 malloc=libc bits=64"\n`);
  await chmod(file, 0o755);
  return file;
}

test('the configured binary is taken when it runs', async () => {
  const configured = await fakeServer(path.join(folder, 'my-redis'), '7.2.4');
  expect(await findRedisServer({ configured, cacheFolder: folder, say })).toBe(configured);
});

test('a configured binary that is too old is refused, not passed over', async () => {
  const configured = await fakeServer(path.join(folder, 'my-redis'), '6.0.16');
  const found = findRedisServer({ configured, cacheFolder: folder, say });
  await expect(found).rejects.toMatchObject({
    code: 'redis_unsuitable',
    message: expect.stringContaining('is version 6.0.16; expected one of version 7.0 or newer'),
  });
});

test('a program that fails, or is no redis-server, has no version', async () => {
  expect(await serverVersion('/bin/false')).toBeNull();
  expect(await serverVersion(process.execPath)).toBeNull();
  expect(await serverVersion('/nowhere/redis-server')).toBeNull();
});

test('one extracted earlier is used again without a download, and work that was broken off is cleared away', async () => {
  const target = path.join(folder, 'redis-bin');
  const binary = await fakeServer(path.join(target, 'redis-server'), '7.0.15');
  await mkdir(`${target}.new-abcdef/debs`, { recursive: true });
  expect(
    await Promise.all([redisFromApt({ folder: target, runs, say }), redisFromApt({ folder: target, runs, say })]),
  ).toEqual([binary, binary]);
  expect(await readdir(folder)).toEqual(['redis-bin', 'redis-bin.lock']);
});

test('a redis-server comes from the packages of this system (from the cache, once it is there)', async (context) => {
  if (!(await hasApt())) context.skip('there is no apt-get here');
  const cached = path.join(configFromProcess().cacheFolder, 'redis-bin');
  const extracting = redisFromApt({ folder: cached, runs, say });
  const found = await extracting.catch((error: unknown) => error);
  if (found instanceof Error && found.message.startsWith('apt-get '))
    context.skip(`no packages here: ${found.message}`);
  if (typeof found !== 'string') throw found;
  expect(isSupported((await serverVersion(found)) ?? '0')).toBe(true);
}, 120_000);

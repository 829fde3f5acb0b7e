// A private redis-server with the embedded one's settings, in a temporary folder on a free port, and what it says of its work.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Redis } from 'ioredis';
import { configFromProcess } from '../src/runtime/config.ts';
import { findRedisServer } from '../src/runtime/redis-binary.ts';
import {
  freePort,
  sendSignal,
  spawnRedisServer,
  stopRedisServer,
  waitUntilServing,
} from '../src/runtime/redis-server-process.ts';

const STOP_MS = 10_000;

export type BenchRedis = AsyncDisposable & {
  readonly url: string;
  readonly port: number;
  /** A connection that is closed with the server. */
  connect(): Redis;
};

/** The redis-server the embedded Redis would run; where there is none, one from the system's packages. */
export async function findBinary(): Promise<string> {
  const { redisServerBin, cacheFolder } = configFromProcess();
  return findRedisServer({
    configured: redisServerBin,
    cacheFolder,
    say: (line) => void process.stderr.write(`${line}\n`),
  });
}

/** Starts an empty server; dispose ends it and removes its data. */
export async function openBenchRedis(binary: string): Promise<BenchRedis> {
  const folder = await mkdtemp(path.join(tmpdir(), 'baton-bench-'));
  const logFile = path.join(folder, 'redis.log');
  const options = { binary, folder, logFile, port: await freePort(), appendonly: true, detached: false };
  const server = await spawnRedisServer(options);
  const kill = (): void => sendSignal(server, 'SIGKILL');
  process.once('exit', kill);
  await waitUntilServing(server, logFile);
  const url = `redis://127.0.0.1:${server.port}`;
  const connections: Redis[] = [];
  return {
    url,
    port: server.port,
    connect: () => {
      const redis = new Redis(url, { maxRetriesPerRequest: null });
      connections.push(redis);
      return redis;
    },
    [Symbol.asyncDispose]: async () => {
      for (const redis of connections) redis.disconnect();
      await stopRedisServer(server, STOP_MS);
      process.off('exit', kill);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Microseconds of CPU the server has used; a child that rewrites the append-only file is not counted. */
export async function loadRedisCpu(redis: Redis): Promise<number> {
  const info = await redis.info('cpu');
  return 1e6 * (numberOf(info, 'used_cpu_user') + numberOf(info, 'used_cpu_sys'));
}

/** Bytes the data takes: what is used, without the connections' buffers and what waits for the append-only file. */
export async function loadRedisBytes(redis: Redis): Promise<number> {
  const info = await redis.info('memory');
  return numberOf(info, 'used_memory') - numberOf(info, 'mem_clients_normal') - numberOf(info, 'mem_aof_buffer');
}

export async function loadRedisVersion(redis: Redis): Promise<string> {
  return /^redis_version:(\S+)/m.exec(await redis.info('server'))?.[1] ?? 'unknown';
}

function numberOf(info: string, field: string): number {
  const value = new RegExp(`^${field}:([\\d.]+)`, 'm').exec(info)?.[1];
  if (value === undefined) throw new Error(`INFO has no ${field}: expected a Redis of version 7 or newer`);
  return Number(value);
}

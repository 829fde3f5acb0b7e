// A real Redis for one test file: each file starts its own in beforeAll, so files cannot disturb each other.

import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { inject } from 'vitest';
import {
  freePort,
  killRedisServer,
  type RedisServer,
  sendSignal,
  spawnRedisServer,
  stopRedisServer,
  waitUntilServing,
} from '../../src/runtime/redis-server-process.ts';
import { waitUntil } from '../../src/runtime/wait-until.ts';
import { findTestRedisServer } from './redis-binary.ts';

/** Whether Redis comes from Docker: tests that kill, pause or restart it skip themselves then. */
export const isContainer = process.env.TEST_REDIS === 'container';

/** The image of TEST_REDIS=container. */
const IMAGE = 'redis:8';
const STOP_MS = 5_000;

export type TestRedisOptions = Readonly<{
  /** Default false. With true, data outlives kill() and restart(). */
  appendonly?: boolean;
  /** Default: a temporary folder that stop() removes. */
  dir?: string;
  /** Default: a free one. */
  port?: number;
  /** The redis-server to run. Default: what vitest's setup has found. */
  binary?: string;
}>;

export type TestRedis = AsyncDisposable & {
  readonly url: string;
  readonly port: number;
  /** Changes with restart(); 0 for a container. */
  readonly pid: number;
  /** Ends it in an orderly way and removes its data. */
  stop(): Promise<void>;
  /** kill -9. */
  kill(): Promise<void>;
  /** Starts it again, on the same port and data; kills it before when it still runs. */
  restart(): Promise<void>;
  /** SIGSTOP: connected, but silent. */
  pause(): void;
  /** SIGCONT. */
  resume(): void;
};

/** A private redis-server on loopback that serves; it dies with this process. TEST_REDIS=container takes one from Docker. */
export async function startTestRedis(options: TestRedisOptions = {}): Promise<TestRedis> {
  return isContainer ? startContainer() : startProcess(options);
}

async function startProcess({ appendonly = false, dir, port, binary: given }: TestRedisOptions): Promise<TestRedis> {
  const binary = given ?? inject('redisServerBin') ?? (await findTestRedisServer());
  const folder = dir ?? (await mkdtemp(path.join(tmpdir(), 'baton-redis-')));
  const fixedPort = port ?? (await freePort());
  const logFile = path.join(folder, 'redis.log');
  const launch = (): Promise<RedisServer> =>
    spawnRedisServer({ binary, folder, port: fixedPort, appendonly, logFile, detached: false });

  let server = await launch();
  const release = killOnExit(() => server);
  await waitUntilServing(server, logFile);
  const stop = async (): Promise<void> => {
    release();
    sendSignal(server, 'SIGCONT');
    await stopRedisServer(server, STOP_MS);
    if (dir === undefined) await rm(folder, { recursive: true, force: true });
  };
  return {
    url: `redis://127.0.0.1:${fixedPort}`,
    port: fixedPort,
    get pid() {
      return server.pid;
    },
    stop,
    kill: () => killRedisServer(server),
    restart: async () => {
      await killRedisServer(server);
      await waitUntilFree(fixedPort);
      server = await launch();
      await waitUntilServing(server, logFile);
    },
    pause: () => sendSignal(server, 'SIGSTOP'),
    resume: () => sendSignal(server, 'SIGCONT'),
    [Symbol.asyncDispose]: stop,
  };
}

/** A thread of a killed server that is still in fsync keeps its port bound after the process is gone. */
async function waitUntilFree(port: number): Promise<void> {
  if (!(await waitUntil(() => canListen(port), { timeoutMs: STOP_MS }))) throw new Error(`port ${port} stays bound`);
}

function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

/** A test worker that is ended from outside must not leave its server behind; returns what takes this back. */
function killOnExit(server: () => RedisServer): () => void {
  const onExit = (): void => sendSignal(server(), 'SIGKILL');
  const onTerminate = (): void => process.exit(143);
  process.once('exit', onExit);
  process.once('SIGTERM', onTerminate);
  return () => {
    process.off('exit', onExit);
    process.off('SIGTERM', onTerminate);
  };
}

async function startContainer(): Promise<TestRedis> {
  const { RedisContainer } = await import('@testcontainers/redis');
  const container = await new RedisContainer(IMAGE).start();
  const stop = async (): Promise<void> => void (await container.stop());
  return {
    url: container.getConnectionUrl(),
    port: container.getPort(),
    pid: 0,
    stop,
    kill: () => notInContainers('kill'),
    restart: () => notInContainers('restart'),
    pause: () => notInContainers('pause'),
    resume: () => notInContainers('resume'),
    [Symbol.asyncDispose]: stop,
  };
}

function notInContainers(what: string): never {
  throw new Error(`${what}() needs a redis-server of our own: run this test without TEST_REDIS=container`);
}

// The Redis of whoever has none: a redis-server of our own that all processes with the same home share. Who starts it owns it
// and stops it; when the owner dies without that, the next process that comes takes it over.

import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { BatonError } from '../contracts/error.ts';
import { type EmbeddedState, loadState, removeState, storeState } from './embedded-state.ts';
import { acquireLock, type Lock } from './lock-folder.ts';
import { isSameProcess, ownIdentity } from './process-identity.ts';
import { findRedisServer, serverVersion } from './redis-binary.ts';
import { freePort, spawnRedisServer, stopRedisServer, waitUntilServing } from './redis-server-process.ts';

/** The first process may be fetching a redis-server or replaying its data. */
const LOCK_MS = 600_000;
/** At the end nobody waits that long: the server is stopped without the lock, its data is safe either way. */
const CLOSE_LOCK_MS = 5_000;
/** SIGTERM makes the server write the last second to its append-only file. */
const STOP_MS = 10_000;

export type EmbeddedRedisOptions = Readonly<{
  /** Holds `redis/` (data, log), `redis.json` (state) and `redis.lock/`. */
  home: string;
  /** REDIS_SERVER_BIN and the cache for an extracted server, as findRedisServer takes them. */
  redisServerBin: string | undefined;
  cacheFolder: string;
  /** Told what a person should know, in sentences. */
  say: (line: string) => void;
}>;

export type EmbeddedRedis = AsyncDisposable & {
  readonly url: string;
  readonly pid: number;
  /** Whether this process stops the server at its close. */
  readonly owner: boolean;
  close(): Promise<void>;
};

/** The running server of this home, or a new one on its data. Throws redis_unsuitable when none can be had or it does not start. */
export async function openEmbeddedRedis(given: EmbeddedRedisOptions): Promise<EmbeddedRedis> {
  const options = { ...given, home: path.resolve(given.home) };
  await mkdir(dataFolder(options.home), { recursive: true, mode: 0o700 });
  const lock = await acquireLock({
    folder: lockFolder(options.home),
    timeoutMs: LOCK_MS,
    onWait: (holder) => options.say(`waiting for process ${holder.pid}, which is starting redis-server`),
  });
  try {
    const state = loadState(options.home);
    const isAlive = state !== null && isSameProcess(state);
    return isAlive ? await join(options, state) : await start(options);
  } finally {
    await lock.release();
  }
}

/** Uses a living server: as a guest while its owner lives, else as its new owner. */
async function join({ home, say }: EmbeddedRedisOptions, state: EmbeddedState): Promise<EmbeddedRedis> {
  await waitUntilServing(state, logFile(home));
  if (isSameProcess(state.owner)) {
    say(`using the redis-server of process ${state.owner.pid}`);
    return handle(state, false, async () => undefined);
  }
  say(`taking over the redis-server of process ${state.owner.pid}, which has gone`);
  return own(home, { ...state, owner: ownIdentity() });
}

async function start({ home, redisServerBin, cacheFolder, say }: EmbeddedRedisOptions): Promise<EmbeddedRedis> {
  const binary = await findRedisServer({ configured: redisServerBin, cacheFolder, say });
  const version = (await serverVersion(binary)) ?? 'unknown';
  const server = await spawnRedisServer({
    binary,
    folder: dataFolder(home),
    port: await freePort(),
    appendonly: true,
    logFile: logFile(home),
    detached: true,
  });
  const redis = own(home, { ...server, version, owner: ownIdentity() });
  try {
    await waitUntilServing(server, logFile(home));
  } catch (error) {
    await stopRedisServer(server, STOP_MS);
    removeState(home);
    throw error;
  }
  return redis;
}

function own(home: string, state: EmbeddedState): EmbeddedRedis {
  storeState(home, state);
  return handle(state, true, () => stop(home, state));
}

async function stop(home: string, state: EmbeddedState): Promise<void> {
  const lock = await acquireLockToStop(home);
  try {
    await stopRedisServer(state, STOP_MS);
    if (loadState(home)?.pid === state.pid) removeState(home);
  } finally {
    await lock?.release();
  }
}

/** With the lock nobody joins a server that is going down; null when it is not to be had in time. */
async function acquireLockToStop(home: string): Promise<Lock | null> {
  try {
    return await acquireLock({ folder: lockFolder(home), timeoutMs: CLOSE_LOCK_MS });
  } catch (error) {
    if (error instanceof BatonError) return null;
    throw error;
  }
}

function handle(state: EmbeddedState, owner: boolean, end: () => Promise<void>): EmbeddedRedis {
  let ended: Promise<void> | undefined;
  const close = (): Promise<void> => {
    ended ??= end();
    return ended;
  };
  return {
    url: `redis://127.0.0.1:${state.port}`,
    pid: state.pid,
    owner,
    close,
    [Symbol.asyncDispose]: close,
  };
}

const dataFolder = (home: string): string => path.join(home, 'redis');
const logFile = (home: string): string => path.join(home, 'redis', 'redis.log');
const lockFolder = (home: string): string => path.join(home, 'redis.lock');

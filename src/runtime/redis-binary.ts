import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { BatonError } from '../contracts/error.ts';
import { hasApt, redisFromApt } from './redis-from-apt.ts';
import { isSupported, MINIMUM_VERSION } from './redis-version.ts';

const run = promisify(execFile);
/** --version answers in milliseconds; a program that does not is no redis-server. */
const VERSION_MS = 5_000;

export type FindRedisOptions = Readonly<{
  /** REDIS_SERVER_BIN: when given, it is this one or none. */
  configured: string | undefined;
  /** Holds `redis-bin/`, an extracted redis-server. */
  cacheFolder: string;
  /** Told what takes long, in sentences for a person. */
  say: (line: string) => void;
}>;

const WAYS = [
  'set REDIS_URL to a Redis you have',
  'install redis-server (apt-get install redis-server, or brew install redis)',
  'or start one with Docker (docker run -p 127.0.0.1:6379:6379 redis:8) and set REDIS_URL=redis://127.0.0.1:6379',
].join('; ');

/**
 * A redis-server (or valkey-server) that runs here and is new enough: the configured one, one on PATH, an extracted one, or one
 * extracted now from the packages of Debian or Ubuntu. Throws redis_unsuitable that names the ways to get one.
 */
export async function findRedisServer({ configured, cacheFolder, say }: FindRedisOptions): Promise<string> {
  if (configured !== undefined) return checkConfigured(configured);
  const folder = path.join(cacheFolder, 'redis-bin');
  for (const binary of ['redis-server', 'valkey-server', path.join(folder, 'redis-server')]) {
    const version = await serverVersion(binary);
    if (version !== null && isSupported(version)) return binary;
    if (version !== null)
      say(`${binary} is version ${version}, baton needs ${MINIMUM_VERSION} or newer: looking further`);
  }
  if (!(await hasApt())) throw new BatonError('redis_unsuitable', `There is no redis-server here: ${WAYS}.`);
  return fromPackages(folder, say);
}

/** The version a binary answers to --version, as in 7.0.15; null when it does not run here. */
export async function serverVersion(binary: string): Promise<string | null> {
  try {
    const { stdout } = await run(binary, ['--version'], { timeout: VERSION_MS });
    return /\bv=(\d+\.\d+\.\d+)/.exec(stdout)?.[1] ?? null;
  } catch {
    // Not there, made for another system, or no server at all: to the caller the same.
    return null;
  }
}

async function checkConfigured(configured: string): Promise<string> {
  const binary = configured.includes(path.sep) ? path.resolve(configured) : configured;
  const version = await serverVersion(binary);
  if (version !== null && isSupported(version)) return binary;
  const fault = version === null ? 'does not run as a redis-server here' : `is version ${version}`;
  const text = `REDIS_SERVER_BIN=${configured} ${fault}; expected one of version ${MINIMUM_VERSION} or newer. Correct it or unset it.`;
  throw new BatonError('redis_unsuitable', text);
}

async function fromPackages(folder: string, say: (line: string) => void): Promise<string> {
  const runs = async (binary: string): Promise<boolean> => (await serverVersion(binary)) !== null;
  try {
    const binary = await redisFromApt({ folder, runs, say });
    const version = await serverVersion(binary);
    if (version !== null && isSupported(version)) return binary;
    throw new BatonError('redis_unsuitable', `The system's packages hold Redis ${version ?? 'that does not run'}`);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const text = `No redis-server could be had from the system's packages (${reason}). Either ${WAYS}.`;
    throw new BatonError('redis_unsuitable', text, { cause: error });
  }
}

// A redis-server of our own as a process: its flags, its start until it serves, its end.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { BatonError } from '../contracts/error.ts';
import { identityOf, isSameProcess, type ProcessIdentity } from './process-identity.ts';
import { waitUntil } from './wait-until.ts';

/** Start to PING takes 20-36 ms; a loaded machine gets this much. */
const START_MS = 15_000;
/** An append-only file of some GB is replayed before the server serves. */
const LOADING_MS = 300_000;
const PROBE_MS = 1_000;
const PROBE_PAUSE_MS = 10;
/** After SIGKILL nothing is left to wait for but the kernel. */
const KILL_MS = 5_000;

export type RedisServerOptions = Readonly<{
  binary: string;
  /** Where its data lies; it must exist. */
  folder: string;
  port: number;
  appendonly: boolean;
  /** What it writes; overwritten at each start, so that it does not grow for ever. */
  logFile: string;
  /** In a process group of its own, and not waited for by this process: it survives Ctrl-C and our death. */
  detached: boolean;
}>;

export type RedisServer = ProcessIdentity & { readonly port: number };

/** The command line of a server that listens on loopback only, loses nothing to eviction and writes no snapshots. */
export function serverArguments(options: Pick<RedisServerOptions, 'folder' | 'port' | 'appendonly'>): string[] {
  const flags = {
    bind: '127.0.0.1',
    port: String(options.port),
    dir: path.resolve(options.folder),
    appendonly: options.appendonly ? 'yes' : 'no',
    appendfsync: 'everysec',
    save: '',
    'maxmemory-policy': 'noeviction',
  };
  return Object.entries(flags).flatMap(([name, value]) => [`--${name}`, value]);
}

/** A port of 127.0.0.1 that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  if (address === null || typeof address === 'string') throw new BatonError('internal', 'Got no port of 127.0.0.1.');
  return address.port;
}

/** Starts a server and returns at once: it has a process, but does not serve yet. Throws redis_unsuitable when it cannot be run. */
export async function spawnRedisServer(options: RedisServerOptions): Promise<RedisServer> {
  const log = openSync(options.logFile, 'w');
  try {
    // A file and not a pipe: the server must outlive us.
    const stdio: ['ignore', number, number] = ['ignore', log, log];
    const child = spawn(options.binary, serverArguments(options), { stdio, detached: options.detached });
    await once(child, 'spawn');
    child.unref();
    if (child.pid === undefined) throw new BatonError('internal', `${options.binary} runs without a process number.`);
    return { ...identityOf(child.pid), port: options.port };
  } catch (error) {
    const text = `Cannot run ${options.binary}: ${error instanceof Error ? error.message : String(error)}`;
    throw error instanceof BatonError ? error : new BatonError('redis_unsuitable', text, { cause: error });
  } finally {
    closeSync(log);
  }
}

/** Waits until the server answers PING, longer while it replays its data; throws redis_unsuitable that says where its log is. */
export async function waitUntilServing(server: RedisServer, logFile: string): Promise<void> {
  let answer = await probeWhile(server, 'silent', START_MS);
  if (answer === 'loading') answer = await probeWhile(server, 'loading', LOADING_MS);
  if (answer === 'serving' && isSameProcess(server)) return;
  const what = isSameProcess(server)
    ? `The redis-server ${server.pid} on port ${server.port} does not answer: end it (kill ${server.pid}) and try again`
    : 'redis-server ended while it started';
  throw new BatonError('redis_unsuitable', `${what}. Its log is ${logFile}${lastLineOf(logFile)}`);
}

/** The first answer other than `expected`, or `expected` when the time is up or the server has ended. */
async function probeWhile(server: RedisServer, expected: Probe, timeoutMs: number): Promise<Probe> {
  const deadline = Date.now() + timeoutMs;
  let answer = await probe(server.port);
  while (answer === expected && isSameProcess(server) && Date.now() < deadline) {
    await delay(PROBE_PAUSE_MS);
    answer = await probe(server.port);
  }
  return answer;
}

/** Ends a server: SIGTERM, which makes it write what it holds, and SIGKILL after `graceMs`. */
export async function stopRedisServer(server: ProcessIdentity, graceMs: number): Promise<void> {
  sendSignal(server, 'SIGTERM');
  const ended = await waitUntil(() => !isSameProcess(server), { timeoutMs: graceMs });
  if (!ended) await killRedisServer(server);
}

/** Ends a server with SIGKILL. */
export async function killRedisServer(server: ProcessIdentity): Promise<void> {
  sendSignal(server, 'SIGKILL');
  await waitUntil(() => !isSameProcess(server), { timeoutMs: KILL_MS });
}

/** Sends a signal to this very process, or to none. */
export function sendSignal(target: ProcessIdentity, signal: NodeJS.Signals): void {
  if (!isSameProcess(target)) return;
  try {
    process.kill(target.pid, signal);
  } catch (error) {
    // It may end between the look and the signal; any other failure is one.
    if (isSameProcess(target)) throw error;
  }
}

type Probe = 'serving' | 'loading' | 'silent';

/** What answers PING on a port of 127.0.0.1. */
export async function probe(port: number): Promise<Probe> {
  const signal = AbortSignal.timeout(PROBE_MS);
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect', { signal });
    socket.write('PING\r\n');
    const [answer]: readonly unknown[] = await once(socket, 'data', { signal });
    if (String(answer).startsWith('+PONG')) return 'serving';
    return String(answer).startsWith('-LOADING') ? 'loading' : 'silent';
  } catch {
    // Refused, reset or no answer in time: it does not serve, which is what was asked.
    return 'silent';
  } finally {
    socket.destroy();
  }
}

function lastLineOf(logFile: string): string {
  const lines = readFileSync(logFile, 'utf8').trim().split('\n');
  const last = lines.at(-1)?.slice(0, 300) ?? '';
  return last === '' ? '.' : `; its last line: ${last}`;
}

// The life of a process: start, serve, stop. Main files hand over what they open; it is closed in reverse.

import { setTimeout as delay } from 'node:timers/promises';
import { BatonError } from '../contracts/error.ts';
import { closeInReverse, type Resource } from './close-in-reverse.ts';
import type { Log } from './logging.ts';

/** Conventional exit codes: 128 + the signal's number; 78 (EX_CONFIG of sysexits) for faulty settings. */
const SIGNAL_EXITS = { SIGINT: 130, SIGTERM: 143 } as const;
const CONFIG_EXIT = 78;
const KEEP_ALIVE_MS = 60_000;

export type Lifecycle = {
  /** Aborted when the process begins to stop: for whatever must not go on until it is closed. */
  readonly stopping: AbortSignal;
  /** Has `resource` closed when the process stops, before all that were given earlier; `name` is for the log. */
  use<T extends AsyncDisposable>(name: string, resource: T): T;
  /** Begins an orderly stop. The exit code is the highest one asked for. */
  stop(exitCode?: number): void;
};

export type LifecycleOptions = Readonly<{
  log: Log;
  /** ms for closing everything; what hangs longer is left, logged, and makes the exit code 1. */
  drainMs: number;
}>;

/**
 * Runs a process from `start` to its exit. The first SIGTERM or SIGINT, `stop`, or the end of the parent that forked it with an
 * IPC channel, closes everything in reverse and exits; a second signal exits at once with 143 or 130. A `start` that throws is
 * logged and ends the process with 1, or 78 for faulty settings.
 *
 * A parent stops a child by disconnecting its channel and not by a signal: Ctrl-C reaches both, and a signal of the parent's
 * would be the child's second one.
 */
export async function runUntilStopped(
  { log, drainMs }: LifecycleOptions,
  start: (lifecycle: Lifecycle) => Promise<void>,
): Promise<never> {
  const stopping = new AbortController();
  const resources: Resource[] = [];
  let exitCode = 0;
  const stop = (code = 0): void => {
    exitCode = Math.max(exitCode, code);
    stopping.abort();
  };
  const stopped = new Promise<void>((resolve) => {
    stopping.signal.addEventListener('abort', () => resolve(), { once: true });
  });
  // Signal handlers do not keep a process alive, and a promise does not either.
  const alive = setInterval(() => undefined, KEEP_ALIVE_MS);
  stopOnSignals(log, stop, stopping.signal);
  const lifecycle: Lifecycle = {
    stopping: stopping.signal,
    stop,
    use: (name, resource) => keep(resources, name, resource),
  };
  const starting = start(lifecycle).catch((error: unknown) => {
    log.fatal({ err: error }, 'could not start');
    stop(exitCodeOf(error));
  });
  await stopped;
  const deadline = Date.now() + drainMs;
  // A stop during the start: what it opens is in `resources` only when it has ended.
  await Promise.race([starting, delay(drainMs)]);
  const allClosed = await closeInReverse(resources, { drainMs: deadline - Date.now(), log });
  clearInterval(alive);
  log.info('stopped');
  process.exit(allClosed ? exitCode : Math.max(exitCode, 1));
}

function keep<T extends AsyncDisposable>(resources: Resource[], name: string, resource: T): T {
  resources.push({ name, close: () => resource[Symbol.asyncDispose]() });
  return resource;
}

function stopOnSignals(log: Log, stop: () => void, stopping: AbortSignal): void {
  const onSignal = (signal: keyof typeof SIGNAL_EXITS): void => {
    if (stopping.aborted) process.exit(SIGNAL_EXITS[signal]);
    log.info({ reason: signal }, 'stopping; a second signal ends at once');
    stop();
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  // False, not undefined: there was a channel, and it closed before anybody listened.
  if (process.connected === false) stop();
  if (process.channel === undefined) return;
  process.once('disconnect', () => {
    if (stopping.aborted) return;
    log.info({ reason: 'the parent process hung up' }, 'stopping');
    stop();
  });
}

function exitCodeOf(error: unknown): number {
  return error instanceof BatonError && error.code === 'config_invalid' ? CONFIG_EXIT : 1;
}

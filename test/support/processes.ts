// Real baton processes for system tests: `baton worker`, `baton api`. They die with the test.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const bin = fileURLToPath(new URL('../../bin/baton.js', import.meta.url));
const READY_MS = 20_000;
const STOP_MS = 40_000;

export type BatonProcess = AsyncDisposable & {
  readonly pid: number;
  /** What the process said when it was ready: `url` of an API. */
  readonly ready: { readonly url?: string };
  readonly signal: (name: NodeJS.Signals) => void;
  /** Resolves with the exit code, or the signal that ended it. */
  readonly exited: Promise<number | string>;
  readonly stderr: () => string;
};

/** Starts `baton <args>` and waits until it says that it is ready. Throws with its stderr when it ends before. `file`: another build's. */
export async function startBaton(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  file: string = bin,
): Promise<BatonProcess> {
  const child = spawn(process.execPath, [file, ...args], {
    env: { PATH: process.env.PATH, HOME: process.env.HOME, BATON_LOG_LEVEL: 'warn', ...env },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  const stderr = gather(child);
  const exited = once(child, 'exit').then(([code, signal]): number | string => code ?? signal);
  const killOnExit = (): void => void child.kill('SIGKILL');
  process.once('exit', killOnExit);
  void exited.then(() => process.off('exit', killOnExit));
  const ready = await waitUntilReady(child, exited, stderr);
  const signal = (name: NodeJS.Signals): void => void child.kill(name);
  return {
    pid: child.pid ?? 0,
    ready,
    signal,
    exited,
    stderr,
    [Symbol.asyncDispose]: async () => {
      signal('SIGCONT');
      signal('SIGTERM');
      await within(STOP_MS, exited, () => `baton ${args[0]} did not stop: ${stderr()}`);
    },
  };
}

function gather(child: ChildProcess): () => string {
  let text = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    text = (text + chunk.toString()).slice(-20_000);
  });
  return () => text;
}

async function waitUntilReady(
  child: ChildProcess,
  exited: Promise<number | string>,
  stderr: () => string,
): Promise<{ url?: string }> {
  const ready = once(child, 'message').then(([message]): { url?: string } => message);
  const failed = exited.then((code) =>
    Promise.reject(new Error(`it ended with ${code} before it was ready: ${stderr()}`)),
  );
  return within(READY_MS, Promise.race([ready, failed]), () => `it was not ready in ${READY_MS} ms: ${stderr()}`);
}

/** `work`, or an error with `message` after `ms`. */
export async function within<T>(ms: number, work: Promise<T>, message: () => string): Promise<T> {
  const done = new AbortController();
  const late = pause(ms, undefined, { signal: done.signal }).then(() => Promise.reject(new Error(message())));
  late.catch(() => undefined); // settled one way or the other; only the race's outcome counts
  try {
    return await Promise.race([work, late]);
  } finally {
    done.abort();
  }
}

/** Waits until `check` gives a value, looking every few milliseconds, at most `ms`. */
export async function eventually<T>(check: () => T | undefined | Promise<T | undefined>, ms = 10_000): Promise<T> {
  const deadline = Date.now() + ms;
  for (;;) {
    const value = await check();
    if (value !== undefined) return value;
    if (Date.now() > deadline) throw new Error(`it did not come to be in ${ms} ms: ${check}`);
    await pause(10);
  }
}

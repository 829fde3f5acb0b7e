import { type ChildProcess, fork } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { BatonError } from '../contracts/error.ts';
import { Ready } from '../runtime/ready.ts';

export type ChildOptions = Readonly<{
  /** For messages, as in "worker 2". */
  name: string;
  /** The script, and its arguments. */
  entry: string;
  args: readonly string[];
  env: NodeJS.ProcessEnv;
  /** Milliseconds until it must have said that it is ready; later it is killed. */
  readyMs: number;
}>;

/** One process of ours. */
export type Child = {
  readonly pid: number;
  /** Rejects when it ended or the time ran out before. */
  readonly ready: Promise<Ready>;
  /** How it ended, in words. */
  readonly exited: Promise<string>;
  /** Asks it to stop; kills it after `timeoutMs`. Resolves when it has gone. */
  stop(timeoutMs: number): Promise<void>;
  kill(): void;
};

/**
 * Starts a Node process like this one, with an IPC channel: when this process dies, the child sees the channel close. It is a
 * group of its own, because a terminal's Ctrl-C goes to the whole group and would stop everything at once, in no order. What it
 * prints goes to our stderr.
 */
export function startChild({ name, entry, args, env, readyMs }: ChildOptions): Child {
  const child = fork(entry, [...args], { env, detached: true, stdio: ['ignore', 2, 2, 'ipc'] });
  const exited = whenExited(child);
  const ready = whenReady(child, { name, exited, readyMs });
  let isReady = false;
  ready.then(
    () => {
      isReady = true;
    },
    () => undefined, // whoever started it hears of its end too
  );
  // Hanging up is heard once, whoever else stops the whole service; one that is still starting listens to signals only.
  const askToStop = (): unknown => (isReady && child.connected ? child.disconnect() : child.kill('SIGTERM'));
  return {
    pid: child.pid ?? 0,
    ready,
    exited,
    kill: () => void child.kill('SIGKILL'),
    stop: async (timeoutMs) => {
      askToStop();
      const timer = new AbortController();
      const late = delay(timeoutMs, true, { signal: timer.signal }).catch(() => false);
      if (await Promise.race([exited.then(() => false), late])) child.kill('SIGKILL');
      timer.abort();
      await exited;
    },
  };
}

function whenExited(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    // A program that cannot be started has no exit.
    child.on('error', (error) => {
      if (child.pid === undefined) resolve(error.message);
    });
    child.once('exit', (code, signal) => resolve(signal === null ? `exit code ${code}` : signal));
  });
}

type Expectation = { readonly name: string; readonly exited: Promise<string>; readonly readyMs: number };

async function whenReady(child: ChildProcess, { name, exited, readyMs }: Expectation): Promise<Ready> {
  const timer = new AbortController();
  const said = new Promise<Ready>((resolve) => {
    child.on('message', (message) => {
      const ready = Ready.safeParse(message);
      if (ready.success) resolve(ready.data);
    });
  });
  const gone = exited.then((status) => {
    throw new BatonError(
      'internal',
      `The ${name} process ended before it was ready (${status}); what it said is above.`,
    );
  });
  const late = delay(readyMs, undefined, { signal: timer.signal }).then(() => {
    child.kill('SIGKILL');
    throw new BatonError('internal', `The ${name} process was not ready within ${readyMs / 1_000} s.`);
  });
  try {
    return await Promise.race([said, gone, late]);
  } finally {
    timer.abort();
    // The losers of the race reject in their own time.
    gone.catch(() => undefined);
    late.catch(() => undefined);
  }
}

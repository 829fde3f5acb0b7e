import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

/** A process starts within a second; a loaded machine gets this much. */
const ANSWER_MS = 20_000;
const STOP_MS = 10_000;

/** What a child says: once that it is ready (an API with its URL), later what CPU it has used. */
const Told = z.object({ url: z.string().optional(), cpuMicros: z.number().optional() });

export type Child = AsyncDisposable & {
  /** The URL it serves, '' for one that serves none. */
  readonly url: string;
  /** Microseconds of CPU it has used since its start. */
  cpuMicros(): Promise<number>;
};

/** Starts `children/<name>.ts` and resolves when it is ready. Dispose lets it stop in an orderly way, at most 10 s. */
export async function openChild(name: string, args: readonly string[]): Promise<Child> {
  const file = fileURLToPath(new URL(`./children/${name}.ts`, import.meta.url));
  const child = fork(file, args, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const { url = '' } = await hear(child, name);
  return {
    url,
    cpuMicros: async () => {
      child.send('cpu');
      return (await hear(child, name)).cpuMicros ?? 0;
    },
    [Symbol.asyncDispose]: () => stop(child),
  };
}

async function hear(child: ChildProcess, name: string): Promise<z.infer<typeof Told>> {
  const ended = new AbortController();
  const end = (code: number | null): void => ended.abort(new Error(`the ${name} process ended with code ${code}`));
  child.once('exit', end);
  try {
    const signal = AbortSignal.any([ended.signal, AbortSignal.timeout(ANSWER_MS)]);
    const [message]: readonly unknown[] = await once(child, 'message', { signal });
    return Told.parse(message);
  } finally {
    child.off('exit', end);
  }
}

/** A child stops when its channel is closed, see runtime/lifecycle.ts. */
async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  const kill = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
  if (child.connected) child.disconnect();
  await ended;
  clearTimeout(kill);
}

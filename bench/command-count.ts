import { once } from 'node:events';
import type { Redis } from 'ioredis';

/** Commands that arrived from clients, and those that scripts called. */
export type CommandCount = { readonly client: number; readonly script: number };

/** Counts what a server executes until it is asked for the sum; commands of `own` connections are left out. It slows the server. */
export async function openCommandCount(redis: Redis, own: readonly Redis[]): Promise<() => Promise<CommandCount>> {
  const ignored = new Set(await Promise.all(own.map(addressOf)));
  let client = 0;
  let script = 0;
  const monitor = await redis.monitor();
  monitor.on('monitor', (_time: string, _args: readonly string[], source: string) => {
    if (source === 'lua') script += 1;
    else if (!ignored.has(source)) client += 1;
  });
  return async () => {
    const ended = once(monitor, 'end');
    monitor.disconnect();
    await ended;
    return { client, script };
  };
}

async function addressOf(redis: Redis): Promise<string> {
  const info = await redis.client('INFO');
  return /\baddr=(\S+)/.exec(String(info))?.[1] ?? '';
}

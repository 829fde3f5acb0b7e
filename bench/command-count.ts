import { once } from 'node:events';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import type { Redis } from 'ioredis';

/** Commands that arrived from clients, and those that scripts called. */
export type CommandCount = { readonly client: number; readonly script: number };

/** A line of MONITOR: `+1795235392.412301 [0 127.0.0.1:59966] "bzpopmin" ...`, `[0 lua]` for what a script calls. */
const LINE = /^\+[\d.]+ \[\d+ ([^\]]+)\]/;

/**
 * Counts what a server executes until it is asked for the sum; commands of `own` connections are left out. It slows the server. On
 * a socket of its own: ioredis takes the first lines that come in a row for an answer out of turn.
 */
export async function openCommandCount(port: number, own: readonly Redis[]): Promise<() => Promise<CommandCount>> {
  const ignored = new Set(await Promise.all(own.map(addressOf)));
  let client = 0;
  let script = 0;
  const socket = connect(port, '127.0.0.1');
  const lines = createInterface({ input: socket });
  const begun = once(lines, 'line'); // +OK
  lines.on('line', (line) => {
    const source = LINE.exec(line)?.[1];
    if (source === 'lua') script += 1;
    else if (source !== undefined && !ignored.has(source)) client += 1;
  });
  socket.write('MONITOR\r\n');
  await begun;
  return async () => {
    lines.close();
    socket.destroy();
    return { client, script };
  };
}

async function addressOf(redis: Redis): Promise<string> {
  const info = await redis.client('INFO');
  return /\baddr=(\S+)/.exec(String(info))?.[1] ?? '';
}

import { BatonError } from '../contracts/error.ts';
import { readWorkerRecord } from '../contracts/worker.ts';
import { loadScript, runScript } from '../journal/script.ts';
import type { Store } from '../journal/store.ts';
import { loadFlowScript } from './flow-script.ts';
import { NO_STALL_LIMIT } from './job-options.ts';

const looking = loadScript(new URL('./watch.lua', import.meta.url));
const taking = loadFlowScript('take-over', ['sweep']);

/** A worker without a connection for so long is gone; one that only lost it is back sooner. */
export const GONE_MS = 800;
/** In a worker's place in a key that is taken apart around it. */
const PLACE = '\u0000';

export type DeadWorker = { readonly worker: string; readonly reason: 'gone' | 'lapsed' };

/** The worker processes that are dead. What this call sees is kept: several processes that look find it out together. */
export async function findDeadWorkers({ redis, keys }: Store): Promise<readonly DeadWorker[]> {
  const [channel = ''] = keys.workerChannel(PLACE).split(PLACE);
  const [before = '', after = ''] = keys.workerAlive(PLACE).split(PLACE);
  const reply = await runScript(redis, looking, {
    keys: [keys.workers, keys.goneWorkers],
    args: [GONE_MS, channel, before, after],
  });
  const found = reply as string[]; // the script returns nothing else
  return found.flatMap((worker, at) =>
    at % 2 === 1 ? [] : [{ worker, reason: found[at + 1] === 'gone' ? ('gone' as const) : ('lapsed' as const) }],
  );
}

/**
 * Gives the jobs of a dead worker to the others. How many they were; undefined when it lives after all, or somebody was faster.
 * Safe even when it only seemed dead: its epochs are raised by whoever takes the tasks. Throws, once, for one whose record cannot be
 * read.
 */
export async function takeOver(
  { redis, keys }: Store,
  { worker, reason }: DeadWorker,
  stalledMs: number,
): Promise<number | undefined> {
  const text = await redis.hget(keys.workers, worker);
  if (text === null) return undefined;
  const record = readWorkerRecord(text);
  if (record === undefined) return removeUnreadable({ redis, keys }, worker);
  const queues = record.queues.map(keys.queue);
  const taken = await runScript(redis, taking, {
    keys: [keys.workers, keys.goneWorkers, keys.workerAlive(worker), ...queues.flatMap(sweepKeys)],
    args: [
      ...[worker, keys.workerChannel(worker), reason, Date.now(), stalledMs, NO_STALL_LIMIT],
      ...[record.locks.length, ...record.locks, ...queues.map((queue) => `${queue}:`)],
    ],
  });
  return Number(taken) < 0 ? undefined : Number(taken);
}

/** Left there, it would be found dead for ever, and nobody behind it would be taken over from. */
async function removeUnreadable({ redis, keys }: Store, worker: string): Promise<never> {
  await redis.hdel(keys.workers, worker);
  await redis.zrem(keys.goneWorkers, worker);
  const message = `Expected the record of worker ${worker} in ${keys.workers}, came something else: it was removed. What that worker was doing goes on when its locks have lapsed.`;
  throw new BatonError('internal', message);
}

/** What BullMQ's script for stalled jobs takes, in its order. */
function sweepKeys(queue: string): readonly string[] {
  const parts = ['stalled', 'wait', 'active', 'stalled-check', 'meta', 'paused', 'marker', 'events', 'repeat'];
  return parts.map((part) => `${queue}:${part}`);
}

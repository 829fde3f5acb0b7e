import { WorkerRecord } from '../contracts/worker.ts';
import { loadScript, runScript } from '../journal/script.ts';
import type { Store } from '../journal/store.ts';
import { loadFlowScript } from './flow-script.ts';

const looking = loadScript(new URL('./watch.lua', import.meta.url));
const taking = loadFlowScript('take-over', ['sweep']);

/** A worker without a connection for so long is gone; one that only lost it is back sooner. */
export const GONE_MS = 800;
/** BullMQ must never fail a stalled job by itself (worker-pool.ts). */
const NO_STALL_LIMIT = 1_000_000;
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
 * Safe even when it only seemed dead: its epochs are raised by whoever takes the tasks.
 */
export async function takeOver(
  { redis, keys }: Store,
  { worker, reason }: DeadWorker,
  stalledMs: number,
): Promise<number | undefined> {
  const text = await redis.hget(keys.workers, worker);
  const record = text === null ? undefined : WorkerRecord.safeParse(JSON.parse(text)).data;
  if (record === undefined) return undefined;
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

/** What BullMQ's script for stalled jobs takes, in its order. */
function sweepKeys(queue: string): readonly string[] {
  const parts = ['stalled', 'wait', 'active', 'stalled-check', 'meta', 'paused', 'marker', 'events', 'repeat'];
  return parts.map((part) => `${queue}:${part}`);
}

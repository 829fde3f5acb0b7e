import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { agentQueues, HOUSEKEEPING_QUEUE, ORCHESTRATOR_QUEUE, ROOT_QUEUE } from '../contracts/job.ts';
import type { Store } from '../journal/store.ts';

/** BullMQ's events carry return values and stay: small ones, and few of them. */
const QUEUE_EVENTS_KEPT = 1_000;

/** The queues of one shard, and the connections that flows are written with. */
export type Flow = {
  readonly store: Store;
  /** addFlow has a connection of its own: recovering from a lost script cache drops it (add-jobs.ts). */
  readonly submitRedis: Redis;
  readonly queue: (name: string) => Queue;
  /** The root queue on the connection for addFlow. */
  readonly submitQueue: Queue;
  /** Runs one submit after the other: whoever recovers that connection must not cut off somebody else's submit. */
  takeTurn<T>(work: () => Promise<T>): Promise<T>;
  close(): Promise<void>;
};

/** Opens the queues on connections that stay the caller's. */
export function openFlow(store: Store, submitRedis: Redis): Flow {
  const open = (name: string, connection: Redis): Queue => {
    const queue = new Queue(name, {
      connection,
      prefix: store.keys.prefix,
      skipWaitingForReady: true,
      streams: { events: { maxLen: QUEUE_EVENTS_KEPT } },
    });
    queue.on('error', () => undefined); // the connection's owner logs its errors; without a listener Node would end the process
    return queue;
  };
  const queues = new Map(
    [...agentQueues, ORCHESTRATOR_QUEUE, HOUSEKEEPING_QUEUE, ROOT_QUEUE].map((name) => [name, open(name, store.redis)]),
  );
  const submitQueue = open(ROOT_QUEUE, submitRedis);
  return {
    store,
    submitRedis,
    submitQueue,
    takeTurn: openTurns(),
    queue: (name) => {
      const queue = queues.get(name);
      if (queue === undefined) throw new TypeError(`there is no queue "${name}"`);
      return queue;
    },
    close: async () => void (await Promise.allSettled([...queues.values(), submitQueue].map((queue) => queue.close()))),
  };
}

function openTurns(): Flow['takeTurn'] {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const turn = last.then(work);
    last = turn.catch(() => undefined); // its caller hears of it; the next one only waits
    return turn;
  };
}

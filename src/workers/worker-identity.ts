import { randomBytes } from 'node:crypto';
import type { WorkerRecord } from '../contracts/worker.ts';
import { settledWithin } from '../journal/settled-within.ts';
import type { Store } from '../journal/store.ts';

/** Renewals per life time, and how much longer than a lock that is: when it lapses, so have the locks of its jobs. */
const RENEWALS = 4;
const LOCKS_PER_LIFE = 1.5;
const CLOSE_MS = 1_000;

/** A new worker process's id: `w` and eight characters. */
export function newWorkerId(): string {
  return `w${randomBytes(4).toString('hex')}`;
}

export type Identity = {
  readonly store: Store;
  readonly worker: string;
  readonly record: WorkerRecord;
  readonly lockMs: number;
  readonly onError: (error: unknown) => void;
};

/** Makes this process known to those that watch over its tasks, for as long as it is open. */
export async function openIdentity({ store, worker, record, lockMs, onError }: Identity): Promise<AsyncDisposable> {
  const { redis, keys } = store;
  const lifeMs = Math.round(LOCKS_PER_LIFE * lockMs);
  const renew = async (): Promise<void> => {
    await redis.set(keys.workerAlive(worker), record.started_at, 'PX', lifeMs);
    await redis.hset(keys.workers, worker, JSON.stringify(record));
  };
  await renew();
  let renewing = false; // while Redis is away one renewal waits, and not one more every few seconds
  const timer = setInterval(() => {
    if (renewing) return;
    renewing = true;
    void renew()
      .catch(onError)
      .finally(() => {
        renewing = false;
      });
  }, lifeMs / RENEWALS);
  return {
    [Symbol.asyncDispose]: async () => {
      clearInterval(timer);
      const takeOut = redis.hdel(keys.workers, worker).then(() => redis.del(keys.workerAlive(worker)));
      await settledWithin(CLOSE_MS, takeOut); // with Redis away the others find out by themselves
    },
  };
}

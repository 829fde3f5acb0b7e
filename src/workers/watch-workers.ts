import { findDeadWorkers, takeOver } from '../flow/take-over.ts';
import { settledWithin } from '../journal/settled-within.ts';
import type { Store } from '../journal/store.ts';

/** How often each process looks: several that do so find a dead one sooner. */
const LOOK_MS = 400;
/** Nobody is judged so soon after Redis began, or after this process's connection came back: nobody else may be back yet. */
const SETTLE_MS = 5_000;

/** A look that waits for Redis is left behind. */
const CLOSE_MS = 1_000;

export type WatchOptions = {
  readonly store: Store;
  readonly stalledMs: number;
  /** Hears of each dead worker whose tasks others may have now. */
  readonly onTakenOver: (dead: { readonly worker: string; readonly reason: string; readonly jobs: number }) => void;
  readonly onError: (error: unknown) => void;
};

/** Watches over the other worker processes: what a dead one was doing goes to others at once, instead of after its locks lapse. */
export async function openWorkerWatch(options: WatchOptions): Promise<AsyncDisposable> {
  const { store, stalledMs, onTakenOver, onError } = options;
  let connectedAt = performance.now() - (await loadUptimeMs(store));
  const onReady = (): void => {
    connectedAt = performance.now();
  };
  store.redis.on('ready', onReady);
  let looking: Promise<void> | undefined;
  const look = async (): Promise<void> => {
    for (const dead of await findDeadWorkers(store)) {
      const jobs = await takeOver(store, dead, stalledMs);
      if (jobs !== undefined) onTakenOver({ ...dead, jobs });
    }
  };
  const timer = setInterval(() => {
    if (performance.now() - connectedAt < SETTLE_MS) return;
    looking ??= look()
      .catch(onError)
      .finally(() => {
        looking = undefined;
      });
  }, LOOK_MS);
  return {
    [Symbol.asyncDispose]: async () => {
      clearInterval(timer);
      store.redis.off('ready', onReady);
      await settledWithin(CLOSE_MS, looking);
    },
  };
}

async function loadUptimeMs({ redis }: Store): Promise<number> {
  const seconds = /^uptime_in_seconds:(\d+)/m.exec(await redis.info('server'))?.[1];
  return 1_000 * Number(seconds ?? 0);
}

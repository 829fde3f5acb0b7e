import type { Redis } from 'ioredis';
import type { ActiveJobs } from './active-jobs.ts';

/**
 * Hears of cancelled runs on a connection of its own (a subscriber takes no other command). What it misses while Redis is away
 * is caught by the claim's flag and by the close that follows a cancel.
 */
export async function openCancelListener(
  subscriber: Redis,
  channel: string,
  active: ActiveJobs,
): Promise<AsyncDisposable> {
  const onMessage = (_channel: string, run: string): void => active.cancelRun(run);
  subscriber.on('message', onMessage);
  await subscriber.subscribe(channel);
  return {
    [Symbol.asyncDispose]: async () => {
      subscriber.off('message', onMessage);
    },
  };
}

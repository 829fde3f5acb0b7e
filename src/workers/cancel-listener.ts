import type { Redis } from 'ioredis';
import type { ActiveJobs } from './active-jobs.ts';

/** A subscriber sends nothing by itself, so only this shows that its link is half-open: the connection's socketTimeout then ends it. */
const PING_MS = 5_000;

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
  // A ping that fails is an outage, which the connection's owner logs.
  const pings = setInterval(() => void subscriber.ping().catch(() => undefined), PING_MS);
  return {
    [Symbol.asyncDispose]: async () => {
      clearInterval(pings);
      subscriber.off('message', onMessage);
    },
  };
}

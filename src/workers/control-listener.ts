import type { Redis } from 'ioredis';
import type { ActiveJobs } from './active-jobs.ts';

/** A subscriber sends nothing by itself, so only this shows that its link is half-open: the connection's socketTimeout then ends it. */
const PING_MS = 5_000;

/**
 * Hears of runs that stop, and of tasks that a join goes on without, on a connection of its own (a subscriber takes no other command).
 * What it misses while Redis is away is caught by the claim's look at the stop, and by the close that follows one.
 */
export async function openControlListener(
  subscriber: Redis,
  { channels, active }: { readonly channels: readonly string[]; readonly active: ActiveJobs },
): Promise<AsyncDisposable> {
  const onMessage = (_channel: string, message: string): void => obey(active, message); // nobody speaks on the process's own channel
  subscriber.on('message', onMessage);
  await subscriber.subscribe(...channels);
  // A ping that fails is an outage, which the connection's owner logs.
  const pings = setInterval(() => void subscriber.ping().catch(() => undefined), PING_MS);
  return {
    [Symbol.asyncDispose]: async () => {
      clearInterval(pings);
      subscriber.off('message', onMessage);
    },
  };
}

/** `<run>`: the whole run stops. `<run> <code> <task> ...`: single tasks of it do. */
function obey(active: ActiveJobs, message: string): void {
  const [run = '', code, ...tasks] = message.split(' ');
  if (code === undefined) active.stopRun(run);
  else if (code === 'late' || code === 'redispatched') active.abortTasks(run, tasks, code);
}

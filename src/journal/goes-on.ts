import type { Store } from './store.ts';

/** Whether a run's tasks may begin now: it is there, has not ended, was not told to stop, and is not paused. */
export async function goesOn({ redis, keys }: Store, run: string): Promise<boolean> {
  const [status, ...against] = await redis.hmget(keys.run(run).run, 'status', 'terminal', 'stop', 'paused');
  return typeof status === 'string' && against.every((mark) => mark === null);
}

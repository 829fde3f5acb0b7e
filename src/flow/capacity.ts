import { z } from 'zod';
import { agentQueues } from '../contracts/job.ts';
import type { Flow } from './flow.ts';

/** What counts of a worker process's own record: how many jobs of each of its queues it works on at once. */
const WorkerSlots = z
  .looseObject({ concurrency: z.int().min(0), queues: z.array(z.string()) })
  .transform(({ concurrency, queues }) => concurrency * queues.filter((name) => agentQueues.includes(name)).length);

/**
 * Share of the workers' slots for tasks that are idle, from 0 to 1, by the workers that are known and the jobs that are active now.
 * 1 while no worker is known: nothing is busy then.
 */
export async function loadFreeCapacity({ store }: Flow): Promise<number> {
  const { redis, keys } = store;
  const pipeline = redis.pipeline().hvals(keys.workers);
  for (const queue of agentQueues) pipeline.llen(`${keys.queue(queue)}:active`);
  const [workers, ...lengths] = ((await pipeline.exec()) ?? []).map(([error, value]) => {
    if (error) throw error;
    return value;
  });
  const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);
  const slots = sum((workers as string[]).map(slotsOf)); // HVALS replies with texts
  return slots === 0 ? 1 : Math.max(0, 1 - sum(lengths.map(Number)) / slots);
}

/** A record that cannot be read, as of another version, offers nothing that is known. */
function slotsOf(text: string): number {
  try {
    return WorkerSlots.parse(JSON.parse(text));
  } catch {
    return 0;
  }
}

import { agentQueues } from '../contracts/job.ts';
import { readWorkerRecord } from '../contracts/worker.ts';
import type { Flow } from './flow.ts';

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

/** Of each of its queues a process works on so many jobs at once. A record that cannot be read offers nothing that is known. */
function slotsOf(text: string): number {
  const { concurrency = 0, queues = [] } = readWorkerRecord(text) ?? {};
  return concurrency * queues.filter((name) => agentQueues.includes(name)).length;
}

import { ResultEnvelope, type TaskOutcome } from '../contracts/result.ts';
import type { Store } from './store.ts';

/** The outcomes of the tasks whose results a fork began with. */
export async function loadSeeds(
  { redis, keys }: Store,
  run: string,
  tasks: readonly string[],
): Promise<ReadonlyMap<string, TaskOutcome>> {
  if (tasks.length === 0) return new Map();
  const envelopes = await redis.hmget(keys.run(run).results, ...tasks);
  const seeds = tasks.flatMap((task, at) => {
    const text = envelopes[at];
    return text === null || text === undefined ? [] : [[task, ResultEnvelope.parse(JSON.parse(text)).status] as const];
  });
  return new Map(seeds);
}

import type { JobRef } from '../contracts/job.ts';
import type { Flow } from './flow.ts';

/** Where a job stands: not there, finished (whether it completed or failed), or anything else. */
export type JobState = 'missing' | 'ended' | 'alive';

export type InspectedJob = {
  readonly state: JobState;
  /** Keys of the jobs (or marks) it still waits for. */
  readonly waitsFor: readonly string[];
  /** It has stepped out to wait for them. */
  readonly isWaiting: boolean;
};

/** Reads where jobs stand, in one round trip. What it reads may be old a moment later: whoever acts on it checks again. */
export async function inspectJobs({ store }: Flow, jobs: readonly JobRef[]): Promise<readonly InspectedJob[]> {
  const { redis, keys } = store;
  const pipeline = redis.pipeline();
  for (const { queue, id } of jobs) {
    const key = keys.job(queue, id);
    pipeline.hmget(key, 'timestamp', 'finishedOn');
    pipeline.smembers(`${key}:dependencies`);
    pipeline.zscore(`${keys.queue(queue)}:waiting-children`, id);
  }
  const replies = jobs.length === 0 ? [] : ((await pipeline.exec()) ?? []);
  const failed = replies.find(([error]) => error !== null)?.[0];
  if (failed) throw failed;
  return jobs.map((_, index) => {
    const [added, finished] = (replies[3 * index]?.[1] ?? []) as (string | null)[]; // HMGET's form
    return {
      state: stateOf(added, finished),
      waitsFor: replies[3 * index + 1]?.[1] as string[], // SMEMBERS' form
      isWaiting: replies[3 * index + 2]?.[1] !== null,
    };
  });
}

function stateOf(addedAt: string | null | undefined, finishedAt: string | null | undefined): JobState {
  if (addedAt == null) return 'missing';
  return finishedAt == null ? 'alive' : 'ended';
}

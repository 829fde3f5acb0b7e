import type { JobRef } from '../contracts/job.ts';
import type { Store } from '../journal/store.ts';
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

/** Jobs read at one instant: more would keep others from Redis for too long. */
const AT_ONCE = 500;
const READS_PER_JOB = 3;

/** Reads where jobs stand, each part of 500 at one instant. It may be old a moment later: whoever acts on it checks again. */
export async function inspectJobs({ store }: Flow, jobs: readonly JobRef[]): Promise<readonly InspectedJob[]> {
  const found: InspectedJob[] = [];
  for (let from = 0; from < jobs.length; from += AT_ONCE) {
    found.push(...(await inspectAtOnce(store, jobs.slice(from, from + AT_ONCE))));
  }
  return found;
}

async function inspectAtOnce({ redis, keys }: Store, jobs: readonly JobRef[]): Promise<readonly InspectedJob[]> {
  const reading = redis.multi();
  for (const { queue, id } of jobs) {
    const key = keys.job(queue, id);
    reading.hmget(key, 'timestamp', 'finishedOn');
    reading.smembers(`${key}:dependencies`);
    reading.zscore(`${keys.queue(queue)}:waiting-children`, id);
  }
  const replies = (await reading.exec()) ?? [];
  const failed = replies.find(([error]) => error !== null)?.[0];
  if (failed) throw failed;
  return jobs.map((_, index) => {
    const at = READS_PER_JOB * index;
    const [added, finished] = (replies[at]?.[1] ?? []) as (string | null)[]; // HMGET's form
    return {
      state: stateOf(added, finished),
      waitsFor: replies[at + 1]?.[1] as string[], // SMEMBERS' form
      isWaiting: replies[at + 2]?.[1] !== null,
    };
  });
}

function stateOf(addedAt: string | null | undefined, finishedAt: string | null | undefined): JobState {
  if (addedAt == null) return 'missing';
  return finishedAt == null ? 'alive' : 'ended';
}

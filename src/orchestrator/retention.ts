import type { Flow } from '../flow/flow.ts';
import { removeEndedRun } from './remove-run.ts';

/** How long ended runs are kept: ms since their end, and how many of them at most (0: as many as there are). */
export type Retention = { readonly ageMs: number; readonly runs: number };

/** Runs that are removed at once; the next call goes on. */
const RUNS_PER_CALL = 500;

/** Removes ended runs by age and by count, the oldest first. One whose jobs are still in work stays for the next call. */
export async function removeOldRuns(flow: Flow, { ageMs, runs }: Retention): Promise<void> {
  const { redis, keys } = flow.store;
  const endedBefore = Date.now() - ageMs;
  const old = await redis.zrangebyscore(keys.endedRuns, '-inf', endedBefore, 'LIMIT', 0, RUNS_PER_CALL);
  const excess = runs === 0 ? 0 : Math.min(RUNS_PER_CALL, (await redis.zcard(keys.endedRuns)) - runs);
  const surplus = excess > 0 ? await redis.zrange(keys.endedRuns, 0, `${excess - 1}`) : [];
  for (const run of new Set([...old, ...surplus])) await removeEndedRun(flow, run);
}

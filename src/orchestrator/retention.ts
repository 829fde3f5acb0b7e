import type { Flow } from '../flow/flow.ts';
import { removeEndedRun } from './remove-run.ts';

/** How long ended runs are kept: ms since their end, and how many of them at most (0: as many as there are). */
export type Retention = { readonly ageMs: number; readonly runs: number };

type Watch = {
  /** Hears of each run that could not be removed. */
  readonly onError: (error: unknown) => void;
  /** Ends the work between two groups. */
  readonly signal?: AbortSignal | undefined;
};

/** Runs that are removed at once. */
const AT_ONCE = 20;
/** What one call takes at most; the next one goes on. */
const BUDGET_MS = 2_000;

/**
 * Removes ended runs by age and by count, the oldest first. One whose jobs are still in work, or whose record cannot be read, keeps
 * none of the others; it is tried again at the next call.
 */
export async function removeOldRuns(flow: Flow, retention: Retention, { onError, signal }: Watch): Promise<void> {
  const until = performance.now() + BUDGET_MS;
  for (let kept = 0; performance.now() < until && signal?.aborted !== true; ) {
    const runs = await loadDue(flow, retention, kept);
    const removals = runs.map((run) => removeEndedRun(flow, run));
    for (const removal of await Promise.allSettled(removals)) {
      if (removal.status === 'rejected') onError(removal.reason);
      if (removal.status === 'rejected' || !removal.value) kept += 1;
    }
    if (runs.length < AT_ONCE) return;
  }
}

/** The oldest runs whose time is over, behind those that were `kept`. Both bounds cut the same order at some place. */
async function loadDue({ store }: Flow, { ageMs, runs }: Retention, kept: number): Promise<readonly string[]> {
  const { redis, keys } = store;
  const old = await redis.zcount(keys.endedRuns, '-inf', Date.now() - ageMs);
  const excess = runs === 0 ? 0 : (await redis.zcard(keys.endedRuns)) - runs;
  const due = Math.max(old, excess);
  return due <= kept ? [] : redis.zrange(keys.endedRuns, kept, `${Math.min(kept + AT_ONCE, due) - 1}`);
}

import { type JobRef, jobIds, ORCHESTRATOR_QUEUE, ROOT_QUEUE } from '../contracts/job.ts';
import { loadCorrespondents } from '../journal/messages.ts';
import type { Flow } from './flow.ts';

/** What belongs to a run: its jobs, dependents before their dependencies, and the tasks whose texts lie in keys of their own. */
export type RunParts = { readonly run: string; readonly jobs: readonly JobRef[]; readonly tasks: readonly string[] };

/**
 * Deletes a run that has ended, whole. By its list of ids, dependents first: removing what a waiting job waits for would release
 * it. False when a job was still locked by a worker: nothing of the journal is deleted then, call again later.
 */
export async function removeRun(flow: Flow, { run, jobs, tasks }: RunParts): Promise<boolean> {
  const root = { queue: ROOT_QUEUE, id: jobIds.root(run) };
  const plan = { queue: ORCHESTRATOR_QUEUE, id: jobIds.plan(run) };
  const all = [root, ...jobs, plan];
  for (const { queue, id } of all) {
    const present = (await flow.queue(queue).getJobState(id)) !== 'unknown';
    if (present && (await flow.queue(queue).remove(id, { removeChildren: false })) === 0) return false;
  }
  const { redis, keys } = flow.store;
  const names = keys.run(run);
  // A flow that was preset and never added has left its sets behind.
  await redis.unlink(...all.map(({ queue, id }) => `${keys.job(queue, id)}:dependencies`));
  // At once, so that nobody finds a record without its parts.
  const { text, inbox, ...hashes } = names;
  const inboxes = (await loadCorrespondents(flow.store, run)).map(inbox);
  await redis.unlink(...Object.values(hashes), ...tasks.map(text), ...inboxes);
  // Last, so that a removal that breaks off is found again.
  for (const index of [keys.runs, keys.openRuns, keys.endedRuns]) await redis.zrem(index, run);
  return true;
}

import { type JobRef, jobIds, ORCHESTRATOR_QUEUE, ROOT_QUEUE } from '../contracts/job.ts';
import type { Flow } from './flow.ts';

/** What belongs to a run: its jobs' places, and the tasks whose texts lie in keys of their own. */
export type RunParts = { readonly run: string; readonly jobs: readonly JobRef[]; readonly tasks: readonly string[] };

/**
 * Deletes a run that has ended, whole. By its list of ids, the root first: removing children while their parent waits would
 * release it. False when a job was still locked by a worker: nothing of the journal is deleted then, call again later.
 */
export async function removeRun(flow: Flow, { run, jobs, tasks }: RunParts): Promise<boolean> {
  const root = { queue: ROOT_QUEUE, id: jobIds.root(run) };
  const plan = { queue: ORCHESTRATOR_QUEUE, id: jobIds.plan(run) };
  for (const { queue, id } of [root, ...jobs, plan]) {
    const present = (await flow.queue(queue).getJobState(id)) !== 'unknown';
    if (present && (await flow.queue(queue).remove(id, { removeChildren: false })) === 0) return false;
  }
  const { redis, keys } = flow.store;
  const names = keys.run(run);
  await redis.unlink(names.tasks, names.results, names.events, ...tasks.map(names.text));
  await redis.zrem(keys.runs, run);
  await redis.unlink(names.run); // last: it holds the list
  return true;
}

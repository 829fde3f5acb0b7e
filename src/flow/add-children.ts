import type { JobRef, TaskJob } from '../contracts/job.ts';
import type { Child } from '../contracts/spawn.ts';
import { addJobs, taskEntry } from './add-jobs.ts';
import type { Flow } from './flow.ts';

/** Jobs in one MULTI: more would keep others from Redis for too long. */
const AT_ONCE = 100;

export type Family = {
  readonly data: TaskJob;
  readonly job: JobRef;
  /** The parent's. */
  readonly priority: number;
  readonly children: readonly Child[];
};

/** Adds those jobs of a task's children that are not there; the task's own job then waits for them. Adding twice is harmless. */
export async function addChildren(flow: Flow, { data, job, priority, children }: Family): Promise<void> {
  const entries = children.map((child) => {
    const { run_id, tree, budgeted } = data;
    const own: TaskJob = { run_id, tree, task: child.task, edges: [], needs: [], ...(budgeted ? { budgeted } : {}) };
    // Deeper than its parent, so sooner.
    return taskEntry(flow, own, { job: child.job, parent: job, waits: false, priority: Math.max(1, priority - 1) });
  });
  for (let from = 0; from < entries.length; from += AT_ONCE) await addJobs(flow, entries.slice(from, from + AT_ONCE));
}

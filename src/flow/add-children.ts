import type { Edge, JobRef, TaskJob } from '../contracts/job.ts';
import type { Child } from '../contracts/round.ts';
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
  /** Of each child: what settle resolves beside the parent's own edge, which BullMQ does. None unless given. */
  readonly edges?: readonly Edge[];
  /** Each gets its dependencies' texts whole, which are known to be few enough together. */
  readonly wholeInputs?: boolean;
};

/** Adds those jobs of a task's children that are not there; the task's own job then waits for them. Adding twice is harmless. */
export async function addChildren(
  flow: Flow,
  { data, job, priority, children, edges = [], wholeInputs = false }: Family,
): Promise<void> {
  const entries = children.map((child) => {
    const { run_id, tree, budgeted } = data;
    const given = { ...(budgeted && { budgeted }), ...(wholeInputs && { whole_inputs: true }) };
    const own: TaskJob = { run_id, tree, task: child.task, edges: [...edges], needs: [], ...given };
    // Deeper than its parent, so sooner.
    return taskEntry(flow, own, { job: child.job, parent: job, waits: false, priority: Math.max(1, priority - 1) });
  });
  for (let from = 0; from < entries.length; from += AT_ONCE) await addJobs(flow, entries.slice(from, from + AT_ONCE));
}

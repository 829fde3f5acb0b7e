import type { JobRef, RunJob } from '../contracts/job.ts';
import { runScript } from '../journal/script.ts';
import type { Flow } from './flow.ts';
import { loadFlowScript } from './flow-script.ts';
import { returningJob } from './job-options.ts';

const script = loadFlowScript('release-job', ['release']);

/** Lets a job go on whose dependency set is empty; a no-op for every other. */
export async function releaseJob({ store }: Flow, { queue, id }: JobRef): Promise<void> {
  const { redis, keys } = store;
  await runScript(redis, script, { keys: [keys.job(queue, id)], args: [keys.queue(queue), id, Date.now()] });
}

/** Adds a run-level job again whose first one is gone or has ended in vain; it waits for nothing. A running one is left alone. */
export async function reviveJob(
  flow: Flow,
  { queue, id }: JobRef,
  run: { name: string; run_id: string },
): Promise<void> {
  const data: RunJob = { run_id: run.run_id };
  const state = await flow.queue(queue).getJobState(id);
  const hasEnded = state === 'completed' || state === 'failed';
  if (hasEnded && (await flow.queue(queue).remove(id, { removeChildren: false })) === 0) return; // it is running again
  await flow.queue(queue).add(run.name, data, { jobId: id, priority: 1, ...returningJob });
}

import {
  HOUSEKEEPING_QUEUE,
  type JobRef,
  jobIds,
  ORCHESTRATOR_QUEUE,
  type RunJob,
  type RunJobName,
} from '../contracts/job.ts';
import type { Flow } from './flow.ts';
import { returningJob } from './job-options.ts';

/** Adds a run-level job: plan now, close or stop at the deadline after `delayMs`. The id derives from the run, so adding twice is harmless. */
export async function addRunJob(
  flow: Flow,
  name: RunJobName,
  job: { run: string; delayMs?: number; priority?: number },
): Promise<void> {
  const data: RunJob = { run_id: job.run };
  const options = { jobId: jobIds[name](job.run), delay: job.delayMs ?? 0, priority: job.priority ?? 0 };
  // Planning is slow: what ends runs must not wait behind it.
  if (name === 'plan') await flow.queue(ORCHESTRATOR_QUEUE).add(name, data, { ...options, ...returningJob });
  else await flow.queue(HOUSEKEEPING_QUEUE).add(name, data, { ...options, ...returningJob, removeOnComplete: true });
}

/** The jobs that may still wait to end a run. */
export function endingJobs(run: string): readonly JobRef[] {
  return [jobIds.close(run), jobIds.deadline(run)].map((id) => ({ queue: HOUSEKEEPING_QUEUE, id }));
}

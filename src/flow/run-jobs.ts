import { jobIds, ORCHESTRATOR_QUEUE, type RunJob, type RunJobName } from '../contracts/job.ts';
import type { Flow } from './flow.ts';

/** Calls of the plan job before the run fails: transient errors of the model back off between them. */
const PLAN_ATTEMPTS = 3;

/** Adds a run-level job: plan now, close or remove after `delayMs`. The id derives from the run, so adding twice is harmless. */
export async function addRunJob(flow: Flow, name: RunJobName, job: { run: string; delayMs?: number }): Promise<void> {
  const data: RunJob = { run_id: job.run };
  await flow.queue(ORCHESTRATOR_QUEUE).add(name, data, {
    jobId: jobIds[name](job.run),
    delay: job.delayMs ?? 0,
    attempts: PLAN_ATTEMPTS,
    backoff: { type: 'exponential', delay: 1_000, jitter: 0.5 },
    stackTraceLimit: 1,
    removeOnComplete: name !== 'plan',
    removeOnFail: name !== 'plan',
  });
}

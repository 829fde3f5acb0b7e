// workers: from a job to a recorded result. This file is the life of one task: claim, choose, call, publish, settle.
import { BatonError } from '../contracts/error.ts';
import { TaskJob, type Verdict } from '../contracts/job.ts';
import { limits } from '../contracts/limits.ts';
import { type Attempt, beginAttempt, type TaskTools } from './attempt.ts';
import { callBestAgent, type Outcome } from './call-agent.ts';
import { conclude, verdictOf } from './conclude.ts';
import { unfinishedResult } from './task-result.ts';
import type { PoolJob } from './worker-pool.ts';

/** Runs a task until its result is recorded, or hands its job back: after a backoff, or because this process drains. */
export async function runTask(tools: TaskTools, job: PoolJob, signal: AbortSignal): Promise<Verdict> {
  const work = { tools, signal, data: TaskJob.parse(job.data), job: { queue: job.queue, id: job.id } };
  let failed: readonly string[] = [];
  for (;;) {
    const attempt = await beginAttempt(work, failed);
    if ('state' in attempt) return verdictOf(attempt.result); // its worker died between settle and the job's end
    const outcome = refusalOf(attempt) ?? (await callBestAgent(attempt));
    const conclusion = await conclude(attempt, outcome);
    if (conclusion.kind === 'verdict') return conclusion.verdict;
    failed = conclusion.failed;
  }
}

/** What stands against a call although the claim is ours. */
function refusalOf({ work, claim }: Attempt): Outcome | undefined {
  const result = (status: 'failed' | 'skipped', reason: BatonError): Outcome => ({
    kind: 'result',
    result: unfinishedResult(
      { task: work.data.task.task_id, epoch: claim.epoch, agent: undefined, latencyMs: 0 },
      status,
      reason,
    ),
  });
  if (claim.state === 'closed') return result('skipped', new BatonError('cancelled', 'The run has ended.'));
  if (claim.state === 'cancelled') return result('skipped', new BatonError('cancelled'));
  if (claim.state === 'blocked') return result('skipped', blockedBy(claim));
  if (claim.epoch > limits.claims) return result('failed', new BatonError('task_poisonous'));
  return undefined;
}

function blockedBy({ inputs }: Attempt['claim']): BatonError {
  const missing = [...inputs].filter(([, result]) => result?.status !== 'completed');
  const named = missing.map(([id, result]) => `${id} ${result?.status ?? 'has no result'}`).join(', ');
  return new BatonError('dependency_failed', `A task this one depends on did not complete: ${named}.`);
}

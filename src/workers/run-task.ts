// workers: from a job to a recorded result. This file is the life of one task: claim, choose, call, publish, settle.
import { TaskJob } from '../contracts/job.ts';
import type { Verdict } from '../contracts/verdict.ts';
import { runWithApproval } from './approval.ts';
import { beginAttempt, type TaskTools, type Work } from './attempt.ts';
import { callBestAgent } from './call-agent.ts';
import { conclude } from './conclude.ts';
import { refusalOf, verdictWithoutAttempt } from './refusal.ts';
import { runMap } from './run-map.ts';
import type { PoolJob } from './worker-pool.ts';

/** Runs a task until its result is recorded, or hands its job back: after a backoff, because this process drains, or to wait. */
export async function runTask(tools: TaskTools, job: PoolJob, signal: AbortSignal): Promise<Verdict> {
  const { queue, id, priority, deaths } = job;
  const work = { tools, signal, data: TaskJob.parse(job.data), job: { queue, id }, priority, deaths };
  return runWithApproval(work, work.data.task.kind === 'map' ? runMap : runAgentTask);
}

async function runAgentTask(work: Work): Promise<Verdict> {
  let failed: readonly string[] = [];
  for (;;) {
    const attempt = await beginAttempt(work, failed);
    if ('state' in attempt) return verdictWithoutAttempt(work, attempt);
    await using purse = attempt.purse;
    const outcome = refusalOf(attempt, attempt.purse) ?? (await callBestAgent(attempt));
    if (outcome.kind === 'result') await purse?.pay(outcome);
    const conclusion = await conclude(attempt, outcome);
    if (conclusion.kind === 'verdict') return conclusion.verdict;
    failed = conclusion.failed;
  }
}

import { BatonError } from '../contracts/error.ts';
import type { TaskJob } from '../contracts/job.ts';
import { limits } from '../contracts/limits.ts';
import type { TaskResult } from '../contracts/result.ts';
import { stopError } from '../contracts/run.ts';
import type { Verdict } from '../contracts/verdict.ts';
import { stepOut } from '../flow/pause.ts';
import type { Claimed, NoAttempt, Work } from './attempt.ts';
import { FUNDS_WAIT_MS, type Purse } from './pay.ts';
import { settle } from './settle.ts';
import { unfinishedResult } from './task-result.ts';

/** How soon a join looks again for a branch that has lost its job. */
const EARLY_MS = 1_000;

const OVERDUE = 'All slots of its agents (max_concurrent_tasks) were taken until its time limit had passed.';

/** The result of a task that may not begin. */
export type Refusal = { readonly kind: 'result'; readonly result: TaskResult };

/** There is a result already (its worker died before the job's end, or a join dropped it), or its run is paused. */
export async function verdictWithoutAttempt(work: Work, claim: NoAttempt): Promise<Verdict> {
  if (claim.state === 'poor') return { kind: 'again', delayMs: FUNDS_WAIT_MS };
  if (claim.state === 'full') return { kind: 'again', delayMs: claim.delayMs };
  if (claim.state === 'early') return { kind: 'again', delayMs: EARLY_MS }; // the reconciler records what became of that branch
  if (claim.state === 'paused') return stepOut(work.tools.flow.store, work.data.run_id, work.job);
  return settle(work, { epoch: 0, result: claim.result });
}

/** What stands against a call although the claim is ours. */
export function refusalOf(
  { work, claim, entry, looks = 0, isOverdue = false }: Claimed,
  purse?: Purse,
): Refusal | undefined {
  const refuse = (status: 'failed' | 'skipped', reason: BatonError): Refusal => {
    const attempted = { task: work.data.task.task_id, epoch: claim.epoch, agent: undefined, latencyMs: 0 };
    return { kind: 'result', result: unfinishedResult(attempted, status, reason) };
  };
  if (claim.state === 'closed') return refuse('skipped', new BatonError('cancelled', 'The run has ended.'));
  if (claim.state === 'stopped')
    return refuse('skipped', claim.stop === undefined ? new BatonError('cancelled') : stopError(claim.stop));
  if (claim.state === 'blocked' && entry.admission === 'timed_out')
    return refuse('failed', new BatonError('join_timeout'));
  if (claim.state === 'blocked') return refuse(statusWhenBlocked(work.data), blockedBy(claim));
  if (claim.epoch > limits.claims + looks) return refuse('failed', new BatonError('task_poisonous'));
  if (isOverdue) return refuse('failed', new BatonError('task_timeout', OVERDUE));
  if (purse?.filled === false) return refuse('skipped', new BatonError('budget_exhausted'));
  return undefined;
}

/** A task that fails the run when its inputs are not there has failed itself. */
function statusWhenBlocked({ task }: TaskJob): 'failed' | 'skipped' {
  return task.on_dependency_failure === 'fail' ? 'failed' : 'skipped';
}

function blockedBy({ inputs }: Claimed['claim']): BatonError {
  const missing = [...inputs].filter(([, result]) => result?.status !== 'completed');
  const named = missing.map(([id, result]) => `${id} ${result?.status ?? 'has no result'}`).join(', ');
  return new BatonError('dependency_failed', `A task this one depends on did not complete: ${named}.`);
}

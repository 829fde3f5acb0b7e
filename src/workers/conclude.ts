import { BatonError } from '../contracts/error.ts';
import { ORCHESTRATOR } from '../contracts/ids.ts';
import type { Verdict } from '../contracts/job.ts';
import type { TaskResult } from '../contracts/result.ts';
import { settleTask } from '../flow/settle.ts';
import { failAttempt } from '../journal/fail-attempt.ts';
import { type NextStep, nextStep } from '../plan/next-step.ts';
import type { Attempt } from './attempt.ts';
import type { Outcome } from './call-agent.ts';
import { resultEvents } from './task-events.ts';
import { unfinishedResult } from './task-result.ts';

/** What a worker does next: ends the job, or begins the task's next attempt with these agents having failed. */
export type Conclusion =
  | { readonly kind: 'verdict'; readonly verdict: Verdict }
  | { readonly kind: 'retry'; readonly failed: readonly string[] };

/** Records what came of an attempt, and says what follows. */
export async function conclude(attempt: Attempt, outcome: Outcome): Promise<Conclusion> {
  if (outcome.kind === 'result') return end(await settle(attempt, outcome.result));
  const failed = [...attempt.claim.failedAgents, outcome.agent?.agent_id ?? ORCHESTRATOR];
  const step = await decide(attempt, outcome.error, failed);
  switch (step.kind) {
    case 'leave':
      throw outcome.error;
    case 'hand_back':
      return end({ kind: 'again', delayMs: 0 });
    case 'settle':
      report(attempt, outcome.error);
      return end(await settle(attempt, failureResult(attempt, step.status, outcome)));
    case 'retry':
      report(attempt, outcome.error);
      await note(attempt, outcome, step.delayMs);
      return step.delayMs === 0 ? { kind: 'retry', failed } : end({ kind: 'again', delayMs: step.delayMs });
    default:
      return step satisfies never;
  }
}

function report({ work }: Attempt, error: BatonError): void {
  if (error.code !== 'cancelled') work.tools.report({ run: work.data.run_id, task: work.data.task.task_id, error });
}

function note({ work, claim }: Attempt, { agent, error }: Failure, delayMs: number): Promise<void> {
  const { run_id: run, task } = work.data;
  return failAttempt(work.tools.store, {
    run,
    task: task.task_id,
    epoch: claim.epoch,
    agent: agent?.agent_id ?? ORCHESTRATOR,
    error,
    delayMs,
  });
}

/** A job's verdict when its task's result is recorded. */
export function verdictOf({ status, error }: TaskResult): Verdict {
  return status === 'failed' ? { kind: 'failed', message: error?.message ?? 'failed' } : { kind: 'done', status };
}

function end(verdict: Verdict): Conclusion {
  return { kind: 'verdict', verdict };
}

async function decide({ work }: Attempt, error: BatonError, failed: readonly string[]): Promise<NextStep> {
  const { task } = work.data;
  const { eligible } = await work.tools.chooser.now({ task, failed });
  const othersLeft = eligible.some((agent) => !failed.includes(agent.agent_id));
  return nextStep({ task, error, failures: failed.length, othersLeft, random: work.tools.random() });
}

type Failure = Extract<Outcome, { kind: 'failure' }>;

function failureResult(attempt: Attempt, status: 'failed' | 'skipped', { agent, error }: Failure): TaskResult {
  const { work, claim, beganAt } = attempt;
  const latencyMs = performance.now() - beganAt;
  return unfinishedResult({ task: work.data.task.task_id, epoch: claim.epoch, agent, latencyMs }, status, error);
}

/** One step: result, events, edges. Only then may the job return. What was recorded before by another attempt is what counts. */
async function settle({ work, claim }: Attempt, result: TaskResult): Promise<Verdict> {
  const { run_id, edges, tree } = work.data;
  const events = resultEvents(result);
  const settlement = { run: run_id, epoch: claim.epoch, result, events, job: work.job, edges, tree };
  const recorded = await settleTask(work.tools.store, settlement);
  if (recorded === undefined && claim.epoch > 0) throw new BatonError('lock_lost');
  return verdictOf(recorded ?? result);
}

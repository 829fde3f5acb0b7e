import type { BatonError } from '../contracts/error.ts';
import type { TaskResult } from '../contracts/result.ts';
import { stopError } from '../contracts/run.ts';
import type { Verdict } from '../contracts/verdict.ts';
import { failAttempt } from '../journal/fail-attempt.ts';
import { loadStop } from '../journal/load-stop.ts';
import { type NextStep, nextStep } from '../plan/next-step.ts';
import { askForAgent, refuseEndless } from './agent-question.ts';
import { settleOrAsk } from './approval.ts';
import { type Attempt, neededBy } from './attempt.ts';
import { fileResult } from './cached-call.ts';
import { type Answer, type Failure, type Outcome, type Question, timeLeftMs } from './call-agent.ts';
import { countCall, failedBy, reporterOf } from './count-call.ts';
import { unfinishedResult } from './task-result.ts';

/** What a worker does next: ends the job, or begins the task's next attempt with these agents having failed. */
export type Conclusion =
  | { readonly kind: 'verdict'; readonly verdict: Verdict }
  | { readonly kind: 'retry'; readonly failed: readonly string[] };

/** Records what came of an attempt, and says what follows. */
export async function conclude(attempt: Attempt, outcome: Outcome): Promise<Conclusion> {
  if (outcome.kind === 'question') return concludeQuestion(attempt, outcome);
  if (outcome.kind === 'result') return end(await recordAnswer(attempt, outcome));
  const failed = [...attempt.claim.failedAgents, ...failedBy(outcome.called)];
  if (isDecidedElsewhere(outcome.error)) return end({ kind: 'again', delayMs: 0 });
  const step = await decide(attempt, outcome.error, failed);
  switch (step.kind) {
    case 'leave':
      throw outcome.error;
    case 'hand_back':
      return end({ kind: 'again', delayMs: 0 });
    case 'settle':
      report(attempt, outcome.error);
      return end(await recordFailure(attempt, step.status, outcome));
    case 'retry':
      report(attempt, outcome.error);
      await note(attempt, outcome, step.delayMs);
      await countCall(attempt.work, outcome.called, { error: outcome.error });
      return step.delayMs === 0 ? { kind: 'retry', failed } : end({ kind: 'again', delayMs: step.delayMs });
    default:
      return step satisfies never;
  }
}

async function concludeQuestion(attempt: Attempt, asked: Question): Promise<Conclusion> {
  const endless = refuseEndless(attempt, asked);
  return endless === undefined ? end(await askForAgent(attempt, asked)) : conclude(attempt, endless);
}

/** A join has dropped this branch, or noted its agent as failed: the next claim finds out. */
function isDecidedElsewhere({ code }: BatonError): boolean {
  return code === 'late' || code === 'redispatched';
}

function report({ work }: Attempt, error: BatonError): void {
  if (error.code !== 'cancelled') work.tools.report({ run: work.data.run_id, task: work.data.task.task_id, error });
}

function note({ work, claim }: Attempt, { called, error }: Failure, delayMs: number): Promise<void> {
  const { run_id: run, task } = work.data;
  const about = { run, task: task.task_id, epoch: claim.epoch };
  return failAttempt(work.tools.flow.store, { ...about, agents: failedBy(called), error, delayMs });
}

function recordAnswer({ work, claim }: Attempt, { result, called, filing }: Answer): Promise<Verdict> {
  const onCounted = (): void => {
    void countCall(work, called, { result });
    if (filing !== undefined) fileResult(work, filing, result).catch(reporterOf(work));
  };
  return settleOrAsk(work, { epoch: claim.epoch, result, onCounted });
}

async function recordFailure(attempt: Attempt, status: 'failed' | 'skipped', failure: Failure): Promise<Verdict> {
  const { work, claim } = attempt;
  let counts = false;
  const result = await failureResult(attempt, status, failure);
  const onCounted = (): void => {
    counts = true;
  };
  const verdict = await settleOrAsk(work, { epoch: claim.epoch, result, onCounted });
  if (counts) await countCall(work, failure.called, { error: failure.error });
  return verdict;
}

function end(verdict: Verdict): Conclusion {
  return { kind: 'verdict', verdict };
}

async function decide(attempt: Attempt, error: BatonError, failed: readonly string[]): Promise<NextStep> {
  const { work, claim, beganAt } = attempt;
  const { task } = work.data;
  const { eligible } = await work.tools.chooser.now({ task: neededBy(work), failed });
  const othersLeft = eligible.some((agent) => !failed.includes(agent.agent_id));
  const restMs = Math.max(0, claim.restMs - (performance.now() - beganAt));
  const waits = { restMs, leftMs: timeLeftMs(attempt) };
  return nextStep({ task, error, failures: failed.length, othersLeft, random: work.tools.random(), ...waits });
}

async function failureResult(
  { work, claim, beganAt }: Attempt,
  status: 'failed' | 'skipped',
  { called, error }: Failure,
): Promise<TaskResult> {
  const { agent } = called ?? {};
  const latencyMs = performance.now() - beganAt;
  // A worker hears that a run stops, not why.
  const stop = error.code === 'cancelled' ? await loadStop(work.tools.flow.store, work.data.run_id) : undefined;
  const reason = stop === undefined ? error : stopError(stop);
  return unfinishedResult({ task: work.data.task.task_id, epoch: claim.epoch, agent, latencyMs }, status, reason);
}

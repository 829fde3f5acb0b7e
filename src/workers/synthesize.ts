// The root job of a run: its tasks have settled, now the answer. It claims an epoch like any task and ends the run in one script.
import { BatonError } from '../contracts/error.ts';
import { RunJob } from '../contracts/job.ts';
import { limits } from '../contracts/limits.ts';
import { rootEvent } from '../contracts/root-event.ts';
import type { Verdict } from '../contracts/verdict.ts';
import { stepOut } from '../flow/pause.ts';
import { advanceRun } from '../journal/advance.ts';
import { closeRun, type Ending } from '../journal/close.ts';
import { retireAgents } from '../registry/spawn-retire.ts';
import { answeredEnding, failedEnding, poisonedEnding } from './ending.ts';
import { claimRoot, loadSettled, type RootAttempt, type RootTools, type SettledRun } from './root-attempt.ts';
import type { PoolJob } from './worker-pool.ts';
import { writeAnswer } from './write-answer.ts';

/** Ends a run whose tasks have settled: answered, failed or cancelled. */
export async function synthesize(tools: RootTools, job: PoolJob, signal: AbortSignal): Promise<Verdict> {
  const run = RunJob.parse(job.data).run_id;
  const claim = await claimRoot(tools, run);
  if (claim.state === 'paused') return stepOut(tools.flow.store, run, { queue: job.queue, id: job.id });
  if (claim.state === 'settled' || claim.state === 'closed') return { kind: 'done', status: 'ended' };
  if (claim.state === 'stopped') return stopped(tools, run);
  const attempt = { tools, run, signal, epoch: claim.epoch, failures: claim.failedAgents.length };
  if (claim.epoch > limits.claims) return end(tools, poisonedEnding(attempt));
  const settled = await loadSettled(tools.flow.store, run);
  return settled.outcome.answerable ? answer(attempt, settled) : end(tools, failedEnding(attempt, settled));
}

async function answer(attempt: RootAttempt, settled: SettledRun): Promise<Verdict> {
  const { tools, run } = attempt;
  await advanceRun(tools.flow.store, { run, to: 'synthesizing', event: entering() });
  const outcome = await writeAnswer(attempt, settled);
  switch (outcome.kind) {
    case 'again':
      return outcome;
    case 'stopped':
      return stopped(tools, run);
    case 'answer':
      return end(tools, answeredEnding(attempt, settled, outcome.answer));
    default:
      return outcome satisfies never;
  }
}

async function end(tools: RootTools, ending: Ending): Promise<Verdict> {
  const closed = await closeRun(tools.flow.store, ending);
  if (closed === 'stale') throw new BatonError('lock_lost');
  if (closed === 'ended') await Promise.all([retireAgents(tools.flow.store, ending.run), tools.startNext(ending.run)]);
  return closed === 'stopped' ? stopped(tools, ending.run) : { kind: 'done', status: ending.status };
}

async function stopped({ closeStopped }: RootTools, run: string): Promise<Verdict> {
  await closeStopped(run);
  return { kind: 'done', status: 'stopped' };
}

function entering() {
  const detail = { phase: 'synthesis', status: 'synthesizing' } as const;
  return rootEvent(0, { name: 'run.phase', data: 'Entering synthesis phase...', detail });
}

// workers: from a job to a recorded result. This file is the life of one task: claim, choose, call, publish, settle.
import { TaskJob } from '../contracts/job.ts';
import type { TaskKind } from '../contracts/plan.ts';
import type { Verdict } from '../contracts/verdict.ts';
import { runWithAnswer } from './agent-question.ts';
import { type Begin, runWithApproval } from './approval.ts';
import { beginAttempt, type TaskTools, type Work } from './attempt.ts';
import { callBestAgent } from './call-agent.ts';
import { conclude } from './conclude.ts';
import { refusalOf, verdictWithoutAttempt } from './refusal.ts';
import { runRepairable } from './replan.ts';
import { map } from './rounds/map.ts';
import type { Pattern } from './rounds/pattern.ts';
import { program, stepwise } from './rounds/program.ts';
import { review } from './rounds/review.ts';
import { runRounds } from './rounds/run-rounds.ts';
import { talk } from './rounds/talk.ts';
import { vote } from './rounds/vote.ts';
import type { PoolJob } from './worker-pool.ts';

/** Runs a task until its result is recorded, or hands its job back: after a backoff, because this process drains, or to wait. */
export async function runTask(tools: TaskTools, job: PoolJob, signal: AbortSignal): Promise<Verdict> {
  const { queue, id, priority, deaths, starts } = job;
  const work = { tools, signal, data: TaskJob.parse(job.data), job: { queue, id }, priority, deaths, starts };
  return runRepairable(work, async () => runWithApproval(await withTargets(work), beginnerOf(work)));
}

/** A task that asks for a template has that one's retries and time, unless it says otherwise. One that works through others leaves this to them. */
async function withTargets(work: Work): Promise<Work> {
  const { task } = work.data;
  if (task.template === undefined || task.kind !== 'agent') return work;
  return { ...work, data: { ...work.data, task: await work.tools.spawner.targeted(task) } };
}

/** Kinds of task that work through others. */
const patterns: Partial<Readonly<Record<TaskKind, Pattern>>> = { map, review, vote, talk };

function beginnerOf({ data }: Work): Begin {
  const { kind } = data.task;
  if (kind === 'program') return (work) => runRounds(work, program, stepwise);
  const pattern = patterns[kind];
  return pattern === undefined ? runAnsweredTask : (work) => runRounds(work, pattern);
}

function runAnsweredTask(work: Work): Promise<Verdict> {
  return runWithAnswer(work, runAgentTask);
}

async function runAgentTask(work: Work): Promise<Verdict> {
  let failed: readonly string[] = [];
  for (;;) {
    const attempt = await beginAttempt(work, failed);
    if ('state' in attempt) return verdictWithoutAttempt(work, attempt);
    await using purse = attempt.purse;
    await using _holds = attempt.holds;
    const outcome = refusalOf(attempt, attempt.purse) ?? (await callBestAgent(attempt));
    if (outcome.kind !== 'failure') await purse?.pay(outcome);
    const conclusion = await conclude(attempt, outcome);
    if (conclusion.kind === 'verdict') return conclusion.verdict;
    failed = conclusion.failed;
  }
}

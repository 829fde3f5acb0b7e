// orchestrator: from a query to a flow. This is the plan job of a run; whichever worker process serves its queue calls it.
import { randomUUID } from 'node:crypto';
import { BatonError, type FailureReport } from '../contracts/error.ts';
import type { EventDraft } from '../contracts/event.ts';
import { ORCHESTRATOR, PLAN_TASK, ROOT_TASK } from '../contracts/ids.ts';
import { jobIds, ORCHESTRATOR_QUEUE } from '../contracts/job.ts';
import { limits } from '../contracts/limits.ts';
import { type Plan, toPlannedTask } from '../contracts/plan.ts';
import { rootEvent } from '../contracts/root-event.ts';
import type { Verdict } from '../contracts/verdict.ts';
import { stepOut } from '../flow/pause.ts';
import { submitFlow } from '../flow/submit.ts';
import { claimTask } from '../journal/claim.ts';
import { closeRun } from '../journal/close.ts';
import { failAttempt } from '../journal/fail-attempt.ts';
import { loadOutcomesOf } from '../journal/load-results.ts';
import { loadRecord, type RunRecord } from '../journal/load-run.ts';
import { markSubmitted } from '../journal/mark-submitted.ts';
import { loadUnpatched } from '../journal/patch.ts';
import { recordPlan } from '../journal/record-plan.ts';
import { flowGraphOf } from '../plan/flow-graph.ts';
import { nextStep } from '../plan/next-step.ts';
import { approvedDraft, type Draft } from './approve-plan.ts';
import { type DrawTools, drawPlan, type PlanAttempt } from './draw-plan.ts';
import { endStopped } from './end-stopped.ts';
import { startNextAfter } from './session-next.ts';

export type PlanTools = DrawTools & {
  /** 0 to 1, for the jitter of retries. */
  readonly random: () => number;
  readonly report: FailureReport;
};

type PlanJob = Pick<PlanAttempt, 'run' | 'signal'>;

/** Plans a run and submits its flow; safe to repeat at any point. A run that gets no plan ends as failed. */
export async function planRun(tools: PlanTools, job: PlanJob): Promise<Verdict> {
  const { store } = tools.flow;
  const given = { run: job.run, task: PLAN_TASK, token: randomUUID(), dependencies: [], needed: 0, announce: [] };
  const claim = await claimTask(store, given);
  if (claim.state === 'paused') return stepOut(store, job.run, { queue: ORCHESTRATOR_QUEUE, id: jobIds.plan(job.run) });
  if (claim.state === 'settled' || claim.state === 'closed') return { kind: 'done', status: 'ended' };
  if (claim.state === 'stopped') return stopped(tools, job.run);
  const attempt = { ...job, epoch: claim.epoch, failures: claim.failedAgents.length };
  try {
    if (claim.epoch > limits.claims) throw new BatonError('task_poisonous');
    return await planAndSubmit(tools, attempt);
  } catch (thrown) {
    const error: unknown = job.signal.aborted ? job.signal.reason : thrown;
    if (error instanceof BatonError) return afterFailure(tools, attempt, error);
    throw error; // Redis away, or a record of a newer version: the job comes back
  }
}

async function planAndSubmit(tools: PlanTools, attempt: PlanAttempt): Promise<Verdict> {
  const record = await loadRecord(tools.flow.store, attempt.run);
  const plan = record && (await decidePlan(tools, attempt, record));
  if (plan !== undefined && 'kind' in plan) return plan;
  if (record === undefined || plan === undefined) return { kind: 'again', delayMs: 0 }; // it ended or is told to stop: the next claim tells which
  const seeds = await loadOutcomesOf(tools.flow.store, attempt.run, record.fork?.reused ?? []);
  const repairable = record.options.recovery?.mode === 'repairable';
  const submitted = repairable ? await loadUnpatched(tools.flow.store, attempt.run, plan) : plan; // patches add their own jobs
  const graph = flowGraphOf(attempt.run, submitted, { seeds, priority: record.options.priority });
  await submitFlow(tools.flow, { run: attempt.run, graph, budgeted: record.options.budget !== undefined, repairable });
  await markSubmitted(tools.flow.store, attempt.run);
  return { kind: 'done', status: 'planned' };
}

/** The plan that counts, recorded; a verdict while a human looks at it; undefined when the run has ended or is told to stop. */
async function decidePlan(
  tools: PlanTools,
  attempt: PlanAttempt,
  record: RunRecord,
): Promise<Plan | Verdict | undefined> {
  if (record.planned !== undefined && record.plan !== null) return record.plan;
  const { options, mode: decided } = record;
  const planning = { ...attempt, options, mode: decided };
  const draft = await approvedDraft(tools.flow, planning, () => drawPlan(tools, attempt, record));
  if (draft === undefined || 'kind' in draft) return draft;
  const events = { ready: ready(draft), phase: executing() };
  return recordPlan(tools.flow.store, { run: attempt.run, ...draft, ...events });
}

async function afterFailure(tools: PlanTools, attempt: PlanAttempt, error: BatonError): Promise<Verdict> {
  const { run, epoch } = attempt;
  const step = nextStep({ task: {}, error, failures: attempt.failures + 1, othersLeft: false, random: tools.random() });
  switch (step.kind) {
    case 'leave':
      throw error;
    case 'hand_back':
      return { kind: 'again', delayMs: 0 };
    case 'retry':
      tools.report({ run, task: ROOT_TASK, error });
      await failAttempt(tools.flow.store, {
        run,
        task: PLAN_TASK,
        epoch,
        agents: [ORCHESTRATOR],
        error,
        delayMs: step.delayMs,
      });
      return { kind: 'again', delayMs: step.delayMs };
    case 'settle':
      return step.status === 'skipped' ? stopped(tools, run) : fail(tools, run, error);
    default:
      return step satisfies never;
  }
}

async function fail(tools: PlanTools, run: string, error: BatonError): Promise<Verdict> {
  tools.report({ run, task: ROOT_TASK, error });
  const record = error.toRecord();
  const event = rootEvent(0, { name: 'run.failed', data: record.message, detail: { error: record, usage: null } });
  const ending = { run, closer: 'plan', epoch: undefined, status: 'failed', error: record, events: [event] } as const;
  const closed = await closeRun(tools.flow.store, ending);
  if (closed === 'ended') await startNextAfter(tools.flow, run);
  return closed === 'stopped' ? stopped(tools, run) : { kind: 'failed', message: record.message };
}

async function stopped({ flow }: PlanTools, run: string): Promise<Verdict> {
  await endStopped(flow, run);
  return { kind: 'done', status: 'stopped' };
}

function executing(): EventDraft {
  const detail = { phase: 'execution', status: 'running' } as const;
  return rootEvent(0, { name: 'run.phase', data: 'Entering execution phase...', detail });
}

function ready({ plan, model, mode, cached }: Draft): EventDraft {
  const { reasoning, sub_tasks, strategy } = plan;
  const tasks = sub_tasks.map(toPlannedTask);
  const data = `Plan ready: ${tasks.length} task(s)${cached === undefined ? '' : ', as for an equal query before'}`;
  return rootEvent(0, {
    name: 'plan.ready',
    data,
    detail: { reasoning, model, tasks, mode, ...(strategy && { strategy }), ...(cached && { cached }) },
  });
}

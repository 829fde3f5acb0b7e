// orchestrator: from a query to a flow. This is the plan job of a run; whichever worker process serves its queue calls it.
import { randomUUID } from 'node:crypto';
import { BatonError, type FailureReport } from '../contracts/error.ts';
import type { EventDraft } from '../contracts/event.ts';
import { ORCHESTRATOR, PLAN_TASK, ROOT_TASK } from '../contracts/ids.ts';
import { jobIds, ORCHESTRATOR_QUEUE } from '../contracts/job.ts';
import { limits } from '../contracts/limits.ts';
import { type Plan, toPlannedTask } from '../contracts/plan.ts';
import { rootEvent } from '../contracts/root-event.ts';
import type { ModeDecision } from '../contracts/run-options.ts';
import type { Verdict } from '../contracts/verdict.ts';
import type { Flow } from '../flow/flow.ts';
import { stepOut } from '../flow/pause.ts';
import { submitFlow } from '../flow/submit.ts';
import { advanceRun } from '../journal/advance.ts';
import { claimTask } from '../journal/claim.ts';
import { closeRun } from '../journal/close.ts';
import { failAttempt } from '../journal/fail-attempt.ts';
import { openFunds } from '../journal/funds.ts';
import { loadOutcomesOf } from '../journal/load-results.ts';
import { loadRecord, type RunRecord } from '../journal/load-run.ts';
import { markSubmitted } from '../journal/mark-submitted.ts';
import { recordPlan } from '../journal/record-plan.ts';
import type { Model } from '../llm/model.ts';
import { payingModel } from '../llm/paying-model.ts';
import { flowGraphOf } from '../plan/flow-graph.ts';
import { nextStep } from '../plan/next-step.ts';
import { chargeOf, estimateOf } from '../plan/price.ts';
import { validatePlan } from '../plan/validate.ts';
import type { Registry } from '../registry/registry.ts';
import { isSpawned } from '../registry/spawn-owner.ts';
import { type DiscoverySource, staleWarning } from '../registry/stale-warning.ts';
import { approvedDraft, type Made } from './approve-plan.ts';
import { closeStopped } from './close-stopped.ts';
import { planQuery } from './planner/plan-query.ts';

export type PlanTools = {
  readonly flow: Flow;
  readonly registry: Registry;
  /** Undefined without a discovery service. */
  readonly discovery: DiscoverySource | undefined;
  readonly model: Model;
  /** 0 to 1, for the jitter of retries. */
  readonly random: () => number;
  readonly report: FailureReport;
};

type PlanJob = { readonly run: string; readonly signal: AbortSignal };
/** One claim of a run's planning; `failures` are calls of the model that failed before it. */
type PlanAttempt = PlanJob & { readonly epoch: number; readonly failures: number };

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
  const graph = flowGraphOf(attempt.run, plan, { seeds, priority: record.options.priority });
  await submitFlow(tools.flow, { run: attempt.run, graph, budgeted: record.options.budget !== undefined });
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
  const draft = await approvedDraft(tools.flow, planning, () => makePlan(tools, attempt, record));
  if (draft === undefined || 'kind' in draft) return draft;
  const { plan, model, mode } = draft;
  const events = { ready: ready(plan, model, mode), phase: executing() };
  return recordPlan(tools.flow.store, { run: attempt.run, ...draft, ...events });
}

async function makePlan(tools: PlanTools, attempt: PlanAttempt, record: RunRecord): Promise<Made | undefined> {
  if (record.plan !== null) return { plan: record.plan, usage: null, model: null, warnings: [] };
  const { run, signal } = attempt;
  const { flow, registry, discovery } = tools;
  if (!(await advanceRun(flow.store, { run, to: 'planning', event: planning() }))) return undefined;
  const agents = (await registry.list())
    .filter(({ agent, healthy }) => healthy && !isSpawned(agent))
    .map(({ agent }) => agent);
  const model = record.options.budget === undefined ? tools.model : paidModel(tools, attempt);
  const made = await planQuery({ model, agents, query: record.query, planId: run, signal, validate: validatePlan });
  const warning = discovery && (await staleWarning(flow.store, discovery, { agents, now: Date.now() }));
  return { ...made, model: model.label, warnings: warning === undefined ? [] : [warning] };
}

function paidModel({ flow, model }: PlanTools, { run, epoch }: PlanAttempt): Model {
  const request = { run, epoch, task: PLAN_TASK, estimate: estimateOf(model) };
  const open = (signal: AbortSignal) => openFunds(flow.store, { ...request, signal });
  return payingModel(model, { open, charge: (usage) => chargeOf(usage, model) });
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
  return closed === 'stopped' ? stopped(tools, run) : { kind: 'failed', message: record.message };
}

async function stopped({ flow }: PlanTools, run: string): Promise<Verdict> {
  await closeStopped(flow.store, run);
  return { kind: 'done', status: 'stopped' };
}

function planning(): EventDraft {
  const detail = { phase: 'planning', status: 'planning' } as const;
  return rootEvent(0, { name: 'run.phase', data: 'Entering planning phase...', detail });
}

function executing(): EventDraft {
  const detail = { phase: 'execution', status: 'running' } as const;
  return rootEvent(0, { name: 'run.phase', data: 'Entering execution phase...', detail });
}

function ready({ reasoning, sub_tasks }: Plan, model: Model['label'] | null, mode: ModeDecision | null): EventDraft {
  const tasks = sub_tasks.map(toPlannedTask);
  const data = `Plan ready: ${tasks.length} task(s)`;
  return rootEvent(0, { name: 'plan.ready', data, detail: { reasoning, model, tasks, mode } });
}

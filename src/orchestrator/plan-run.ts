// orchestrator: from a query to a flow. This is the plan job of a run; whichever worker process serves its queue calls it.
import { BatonError } from '../contracts/error.ts';
import type { EventDraft } from '../contracts/event.ts';
import type { Verdict } from '../contracts/job.ts';
import type { Plan } from '../contracts/plan.ts';
import type { Usage } from '../contracts/result.ts';
import { rootEvent } from '../contracts/root-event.ts';
import { isTerminal } from '../contracts/run.ts';
import type { Flow } from '../flow/flow.ts';
import { addRunJob } from '../flow/run-jobs.ts';
import { submitFlow } from '../flow/submit.ts';
import { advanceRun } from '../journal/advance.ts';
import { closeRun } from '../journal/close.ts';
import { loadRecord, type RunRecord } from '../journal/load-run.ts';
import { recordPlan } from '../journal/record-plan.ts';
import type { Model } from '../llm/model.ts';
import { flowGraphOf } from '../plan/flow-graph.ts';
import { validatePlan } from '../plan/validate.ts';
import type { Registry } from '../registry/registry.ts';
import { planQuery } from './planner/plan-query.ts';

export type PlanTools = {
  readonly flow: Flow;
  readonly registry: Registry;
  readonly model: Model;
  /** How long a finished run is kept, in milliseconds. */
  readonly retentionMs: number;
};

type PlanJob = { readonly run: string; readonly signal: AbortSignal; readonly lastAttempt: boolean };
type Made = { readonly plan: Plan; readonly usage: Usage | null; readonly model: Model['label'] | null };

/** Plans a run and submits its flow; safe to repeat at any point. A run that gets no plan ends as failed. */
export async function planRun(tools: PlanTools, job: PlanJob): Promise<Verdict> {
  const verdict = await planAndSubmit(tools, job);
  const ended = verdict.kind === 'failed' || (verdict.kind === 'done' && verdict.status !== 'planned');
  if (ended) await addRunJob(tools.flow, 'remove', { run: job.run, delayMs: tools.retentionMs });
  return verdict;
}

async function planAndSubmit(tools: PlanTools, job: PlanJob): Promise<Verdict> {
  const record = await loadRecord(tools.flow.store, job.run);
  if (record === undefined || isTerminal(record.status)) return { kind: 'done', status: 'ended' };
  try {
    const plan = await decidePlan(tools, job, record);
    if (plan === undefined) return { kind: 'done', status: 'ended' };
    await submitFlow(tools.flow, job.run, flowGraphOf(job.run, plan));
    return { kind: 'done', status: 'planned' };
  } catch (thrown) {
    return afterFailure(tools, job, BatonError.from(job.signal.aborted ? job.signal.reason : thrown));
  }
}

/** The plan that counts, recorded; undefined when the run has ended meanwhile. */
async function decidePlan(tools: PlanTools, job: PlanJob, record: RunRecord): Promise<Plan | undefined> {
  if (record.planned !== undefined && record.plan !== null) return record.plan;
  const { plan, usage, model } = await makePlan(tools, job, record);
  return recordPlan(tools.flow.store, {
    run: job.run,
    plan,
    usage,
    model,
    ready: ready(plan, model),
    phase: executing(),
  });
}

async function makePlan(
  { flow, registry, model }: PlanTools,
  { run, signal }: PlanJob,
  record: RunRecord,
): Promise<Made> {
  if (record.plan !== null) return { plan: record.plan, usage: null, model: null };
  await advanceRun(flow.store, { run, to: 'planning', event: planning() });
  const agents = (await registry.list()).filter(({ healthy }) => healthy).map(({ agent }) => agent);
  const made = await planQuery({ model, agents, query: record.query, planId: run, signal, validate: validatePlan });
  return { ...made, model: model.label };
}

async function afterFailure({ flow }: PlanTools, { run, lastAttempt }: PlanJob, error: BatonError): Promise<Verdict> {
  if (error.code === 'draining') return { kind: 'again', delayMs: 0 };
  if (error.code === 'cancelled') return { kind: 'done', status: 'cancelled' };
  if (error.code === 'lock_lost' || (error.retryable && !lastAttempt)) throw error; // BullMQ brings the job back
  const record = error.toRecord();
  await closeRun(flow.store, {
    run,
    closer: 'plan',
    epoch: undefined,
    status: 'failed',
    error: record,
    events: [rootEvent(0, { name: 'run.failed', data: error.message, detail: { error: record, usage: null } })],
  });
  return { kind: 'failed', message: error.message };
}

function planning(): EventDraft {
  const detail = { phase: 'planning', status: 'planning' } as const;
  return rootEvent(0, { name: 'run.phase', data: 'Entering planning phase...', detail });
}

function executing(): EventDraft {
  const detail = { phase: 'execution', status: 'running' } as const;
  return rootEvent(0, { name: 'run.phase', data: 'Entering execution phase...', detail });
}

function ready({ reasoning, sub_tasks }: Plan, model: Model['label'] | null): EventDraft {
  const tasks = sub_tasks.map(({ task_id, description, required_capability, depends_on }) => ({
    task_id,
    description,
    required_capability,
    depends_on,
  }));
  const data = `Plan ready: ${tasks.length} task(s)`;
  return rootEvent(0, { name: 'plan.ready', data, detail: { reasoning, model, tasks } });
}

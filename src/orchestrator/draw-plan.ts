// From a run's record to its plan: the one that it came with, that of an equal query, or the model's.
import type { AgentDescriptor } from '../contracts/agent.ts';
import type { EventDraft } from '../contracts/event.ts';
import { PLAN_TASK } from '../contracts/ids.ts';
import { rootEvent } from '../contracts/root-event.ts';
import type { SessionTurn } from '../contracts/session.ts';
import type { ListedTemplate } from '../contracts/template.ts';
import type { Flow } from '../flow/flow.ts';
import { advanceRun } from '../journal/advance.ts';
import { countModelCall } from '../journal/count-model-call.ts';
import { openFunds } from '../journal/funds.ts';
import type { RunRecord } from '../journal/load-run.ts';
import { loadHistory } from '../journal/session-history.ts';
import { countedModel } from '../llm/counted-model.ts';
import type { Model } from '../llm/model.ts';
import { payingModel } from '../llm/paying-model.ts';
import { chargeOf, estimateOf } from '../plan/price.ts';
import { validatePlan } from '../plan/validate.ts';
import type { Registry } from '../registry/registry.ts';
import { type DiscoverySource, staleWarning } from '../registry/stale-warning.ts';
import { openTemplates } from '../registry/template-store.ts';
import type { Made } from './approve-plan.ts';
import { planDigest } from './plan-digest.ts';
import { type Filing, filePlan, findCachedPlan } from './plan-from-cache.ts';
import { type KnownAgent, loadStaff } from './planner/known-agent.ts';
import { planQuery } from './planner/plan-query.ts';
import { makeStrategyPlan } from './strategies/make-plan.ts';
import { readyPlan } from './strategies/ready-plan.ts';

export type DrawTools = {
  readonly flow: Flow;
  readonly registry: Registry;
  /** Undefined without a discovery service. */
  readonly discovery: DiscoverySource | undefined;
  readonly model: Model;
  /** For how many milliseconds a plan is used again for the same query; 0: never. */
  readonly planCacheTtlMs: number;
};

/** One claim of a run's planning; `failures` are calls of the model that failed before it. */
export type PlanAttempt = {
  readonly run: string;
  readonly signal: AbortSignal;
  readonly epoch: number;
  readonly failures: number;
};

/** The plan of a run; undefined when it has ended or is told to stop. Throws what the planners throw, and what the model throws. */
export async function drawPlan(tools: DrawTools, attempt: PlanAttempt, record: RunRecord): Promise<Made | undefined> {
  const { plan, options } = record;
  if (plan !== null) return { plan: readyPlan(plan, options.strategy), usage: null, model: null, warnings: [] };
  const { flow, registry, discovery, model } = tools;
  if (!(await advanceRun(flow.store, { run: attempt.run, to: 'planning', event: planning() }))) return undefined;
  const { descriptors: agents, known } = await loadStaff(registry);
  const earlier = await loadHistory(flow.store, attempt.run, record.session);
  const filing = await filingOf(tools, attempt, { record, agents, earlier });
  const made =
    (filing && (await findCachedPlan(flow.store, filing))) ??
    (await makeAndFile(tools, attempt, { record, agents: known, earlier, filing }));
  const warning = discovery && (await staleWarning(flow.store, discovery, { agents, now: Date.now() }));
  return { ...made, model: model.label, warnings: warning === undefined ? [] : [warning] };
}

type Drawing<A extends AgentDescriptor> = {
  readonly record: RunRecord;
  readonly agents: readonly A[];
  readonly earlier: readonly SessionTurn[];
};

/** Where the plan of such a query lies; undefined when the run has none from there: it does not want it, or its planning has failed before. */
async function filingOf(
  { flow, model, planCacheTtlMs: ttlMs }: DrawTools,
  { run, failures }: PlanAttempt,
  { record, agents, earlier }: Drawing<AgentDescriptor>,
): Promise<Filing | undefined> {
  const { query, options } = record;
  if (ttlMs === 0 || options.cache === false || failures > 0) return undefined;
  const strategy = options.strategy ?? null;
  const needsTemplates = strategy?.name === 'team' || strategy?.name === 'auto';
  const templates = needsTemplates ? await loadTemplates(flow) : [];
  const digest = planDigest({ query, agents, earlier, strategy, templates, model: model.label });
  return { digest, ttlMs, run, query };
}

function loadTemplates({ store }: Flow): Promise<readonly ListedTemplate[]> {
  return openTemplates(store).list();
}

async function makeAndFile(
  tools: DrawTools,
  attempt: PlanAttempt,
  { filing, ...drawing }: Drawing<KnownAgent> & { readonly filing: Filing | undefined },
) {
  const made = await makePlan(tools, attempt, drawing);
  // Before it is recorded: whoever takes over from a worker that dies in between finds it there.
  if (filing !== undefined) await filePlan(tools.flow.store, filing, made);
  return made;
}

function makePlan(tools: DrawTools, attempt: PlanAttempt, { record, agents, earlier }: Drawing<KnownAgent>) {
  const { run, signal } = attempt;
  const { query, options } = record;
  const model = modelFor(tools, attempt, options.budget !== undefined);
  const asked = { model, agents, query, earlier, planId: run, signal, validate: validatePlan };
  const { strategy } = options;
  if (strategy === undefined) return planQuery(asked);
  return makeStrategyPlan({ ...asked, strategy, loadTemplates: () => loadTemplates(tools.flow) });
}

/** The model, each call of which is counted for the run, and paid from its budget. */
function modelFor({ flow: { store }, model }: DrawTools, { run, epoch }: PlanAttempt, isBudgeted: boolean): Model {
  const counted = countedModel(model, (number) => countModelCall(store, { run, task: PLAN_TASK, epoch, number }));
  if (!isBudgeted) return counted;
  const request = { run, epoch, task: PLAN_TASK, estimate: estimateOf(model) };
  const open = (signal: AbortSignal) => openFunds(store, { ...request, signal });
  return payingModel(counted, { open, charge: (usage) => chargeOf(usage, model) });
}

function planning(): EventDraft {
  const detail = { phase: 'planning', status: 'planning' } as const;
  return rootEvent(0, { name: 'run.phase', data: 'Entering planning phase...', detail });
}

import { z } from 'zod';
import { BudgetView } from './budget.ts';
import { BatonError, errorCodeOf } from './error.ts';
import { RunId } from './ids.ts';
import { InterruptView } from './interrupt.ts';
import { limits } from './limits.ts';
import { MergeView } from './merge.ts';
import { Metadata, Plan } from './plan.ts';
import { TaskResult, Usage } from './result.ts';
import { ModeDecision, RunOptions } from './run-options.ts';
import { OnBusy, RunSession, SessionId } from './session.ts';
import { PinnedPlan, PlanRef } from './stored-plan.ts';
import { Strategy, StrategyDecision } from './strategy.ts';
import { LoggedStep } from './task-log.ts';

/** The states of a run. `waiting`: at least one question to a human is open; what needs no answer goes on meanwhile. */
export const RunStatus = z.enum([
  'queued',
  'planning',
  'running',
  'waiting',
  'synthesizing',
  'completed',
  'failed',
  'cancelled',
]);
export type RunStatus = z.infer<typeof RunStatus>;

/** The legal transitions; journal scripts take the sources from here and compare before they set. */
export const transitions: Readonly<Record<RunStatus, readonly RunStatus[]>> = {
  queued: ['planning', 'running', 'waiting', 'completed', 'failed', 'cancelled'],
  planning: ['running', 'waiting', 'completed', 'failed', 'cancelled'],
  running: ['waiting', 'synthesizing', 'completed', 'failed', 'cancelled'],
  waiting: ['queued', 'planning', 'running', 'synthesizing', 'completed', 'failed', 'cancelled'],
  synthesizing: ['completed', 'failed', 'cancelled'],
  completed: [],
  failed: [],
  cancelled: [],
};

export function isTerminal(status: RunStatus): boolean {
  return transitions[status].length === 0;
}

/** The states a run may come from into `status`. */
export function sourcesOf(status: RunStatus): readonly RunStatus[] {
  return RunStatus.options.filter((from) => transitions[from].includes(status));
}

/** Why a run was told to stop before its end, and as what it ends. `partial`: with the answer that there is. */
export const Stop = z.object({ as: z.enum(['cancelled', 'failed', 'partial']), code: z.string(), message: z.string() });
export type Stop = z.infer<typeof Stop>;

/** What a task of such a run is skipped with. */
export function stopError({ code, message }: Stop): BatonError {
  return new BatonError(errorCodeOf(code), message);
}

/** Body of POST /v1/runs: a query for the planner, a ready plan, or a stored one. */
export const RunRequest = z
  .strictObject({
    query: z.string().trim().min(1).max(limits.queryChars).optional(),
    plan: Plan.optional(),
    plan_ref: PlanRef.optional(),
    /** Earlier queries and answers of the session are told to the planner and in the synthesis. */
    session_id: SessionId.optional(),
    /** With a session only; reject by default. */
    on_busy: OnBusy.optional(),
    /** Short for options.strategy. */
    strategy: Strategy.optional(),
    metadata: Metadata.default({}),
    options: RunOptions.prefault({}),
  })
  .refine(
    ({ query, plan, plan_ref }) => (query ?? plan ?? plan_ref) !== undefined,
    'expected "query" or "plan" or "plan_ref"',
  )
  .refine(({ plan, plan_ref }) => plan === undefined || plan_ref === undefined, {
    path: ['plan_ref'],
    error: 'expected "plan" or "plan_ref", not both',
  })
  .refine(({ session_id, on_busy }) => session_id !== undefined || on_busy === undefined, {
    path: ['on_busy'],
    error: 'expected "session_id" with it',
  })
  .superRefine(({ strategy, options, plan, plan_ref }, context) => {
    for (const message of strategyFaults({ strategy, options, isPlanned: (plan ?? plan_ref) !== undefined }))
      context.addIssue({ code: 'custom', path: ['strategy'], message });
  });
export type RunRequest = z.infer<typeof RunRequest>;

type Strategies = {
  readonly strategy: Strategy | undefined;
  readonly options: RunOptions;
  readonly isPlanned: boolean;
};

/** A ready plan is what most strategies would make: only its own tasks can still get a team. */
function strategyFaults({ strategy, options, isPlanned }: Strategies): readonly string[] {
  if (strategy !== undefined && options.strategy !== undefined)
    return ['expected it here or in "options", not in both'];
  const { name = 'plan' } = strategy ?? options.strategy ?? {};
  return isPlanned && name !== 'plan' && name !== 'team'
    ? [`"${name}" makes a plan of a query: leave the plan out`]
    : [];
}

export const RunLinks = z.object({ self: z.string(), events: z.string(), cancel: z.string() });

/** Answer of POST /v1/runs: 202. */
export const RunAccepted = z.object({ run_id: RunId, status: RunStatus, links: RunLinks });
export type RunAccepted = z.infer<typeof RunAccepted>;

/** waiting: for a human. */
export const TaskStatus = z.enum(['pending', 'running', 'waiting', 'completed', 'failed', 'skipped']);
export type TaskStatus = z.infer<typeof TaskStatus>;

export const TaskView = z.object({
  task_id: z.string(),
  description: z.string(),
  required_capability: z.string(),
  depends_on: z.array(z.string()),
  kind: z.string(),
  status: TaskStatus,
  agent_id: z.string().nullable(),
  attempts: z.int(),
  /** As in its result. */
  recovered_by: z.int().optional(),
  superseded_by: z.int().optional(),
});
export type TaskView = z.infer<typeof TaskView>;

/** One line of GET /v1/runs. */
export const RunSummary = z.object({
  run_id: RunId,
  status: RunStatus,
  query: z.string(),
  created_at: z.iso.datetime(),
  ended_at: z.iso.datetime().nullable(),
  partial: z.boolean(),
  links: RunLinks,
});
export type RunSummary = z.infer<typeof RunSummary>;

/** GET /v1/runs/{id}. What a baton from before strategies does not tell has a default, so that its runs can be read all the same. */
export const RunView = RunSummary.extend({
  metadata: Metadata,
  /** With all patches. */
  plan: Plan.nullable(),
  /** How often it was patched. */
  plan_revision: z.int().default(0),
  tasks: z.array(TaskView),
  results: z.array(TaskResult),
  response: z.string().nullable(),
  error: z.object({ code: z.string(), message: z.string() }).nullable(),
  /** What did not go as asked, in words for a person: failed and skipped tasks, a synthesis that fell back. */
  warnings: z.array(z.string()),
  usage: Usage.nullable(),
  /** Calls of the configured model so far: by planning, the answer, and agents that are a role for it. */
  model_calls: z.int().default(0),
  /** The model that planned, and whether it is the offline stand-in; null before planning and for ready plans. */
  model: z.object({ name: z.string(), offline: z.boolean() }).nullable(),
  options: RunOptions,
  /** How the plan's order was decided, and from what; null for the plain DAG and before there is a plan. */
  mode: ModeDecision.nullable(),
  /** Nothing new begins until it is resumed. */
  paused: z.boolean(),
  /** Questions to humans, open and decided. */
  interrupts: z.array(InterruptView),
  /** Null without a budget. */
  budget: BudgetView.nullable(),
  /** The run whose results this one re-uses, and which ones. */
  fork: z.object({ from: RunId, reused: z.array(z.string()) }).nullable(),
  /** Null outside of a session. */
  session: RunSession.nullable().default(null),
  /** The stored plan that it carries out; null for any other. */
  plan_ref: PinnedPlan.nullable().default(null),
  /** How its plan came about; null when no strategy was asked for, and before there is a plan. */
  strategy: StrategyDecision.nullable().default(null),
  /** Of a sequence: its steps so far, in order. */
  task_log: z.array(LoggedStep).default([]),
  /** How much each result counts in the answer; null while nothing has completed. */
  merge: MergeView.nullable().default(null),
  /** Tasks that map tasks added, in order of their lists. */
  spawned: z.array(TaskView),
});
export type RunView = z.infer<typeof RunView>;

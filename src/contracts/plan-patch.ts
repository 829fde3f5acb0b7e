import { z } from 'zod';
import type { Fault } from './error.ts';
import { TaskId } from './ids.ts';
import type { BranchRef, FlowNode, JobRef } from './job.ts';
import { defaults, limits } from './limits.ts';
import { type Plan, SubTask } from './plan.ts';
import { TaskResult, type Usage } from './result.ts';

/**
 * Whether a run's plan may change while it runs. `fixed`: never. `repairable`: when a task has failed, before its result is recorded,
 * the planner may add tasks and replace ones that have not begun. The bounds count over the whole run.
 */
export const Recovery = z.strictObject({
  mode: z.enum(['fixed', 'repairable']).default('fixed'),
  max_patches: z.int().min(1).max(limits.planPatches).default(defaults.planPatches),
  max_added_tasks: z.int().min(1).max(limits.addedTasks).default(defaults.addedTasks),
  /** A human decides on each patch before it is applied. */
  approve: z.boolean().default(false),
});
export type Recovery = z.infer<typeof Recovery>;

/** A task that a patch adds. One with a join would have to count branches that settled before it was there. */
const AddedTask = SubTask.omit({ join: true });

/**
 * What is changed of a plan, all of it or nothing: new tasks, and tasks that have not begun and never will. The shape only: plan/patch.ts
 * checks it against the run.
 */
export const PlanPatch = z.strictObject({
  reason: z.string().trim().min(1).max(limits.descriptionChars),
  add_tasks: z.array(AddedTask).max(limits.addedTasks).default([]),
  supersede_pending: z.array(TaskId).max(limits.planTasks).default([]),
});
export type PlanPatch = z.infer<typeof PlanPatch>;

/** Why a patch is asked for: a task failed, gave nothing, or its work was not accepted. */
export const PatchCause = z.enum(['failure', 'empty', 'verification_rejected']);
export type PatchCause = z.infer<typeof PatchCause>;

/** A task's outcome that is kept back until it is decided what follows from it. Decided on once; nobody is called again for it. */
export const HeldOutcome = z.object({ cause: PatchCause, result: TaskResult });
export type HeldOutcome = z.infer<typeof HeldOutcome>;

/** A patch that counts: the plan's revision with it, which of the plan's tasks are its own, and those it has replaced. */
const AppliedPatch = z.object({
  revision: z.int(),
  /** Places in the plan, `to` not included. */
  from: z.int(),
  to: z.int(),
  superseded: z.array(z.string()),
});

/** What was decided about a held outcome, once: a patch, or that the outcome stands, and why. */
export const PatchDecision = z.union([AppliedPatch, z.object({ revision: z.null(), reason: z.string() })]);
export type PatchDecision = z.infer<typeof PatchDecision>;

/** A patch of a run, and the task whose outcome it repairs. */
export type RecordedPatch = z.infer<typeof AppliedPatch> & { readonly task: string };

/** What a planner is told when it may change a plan. */
export type PatchRequest = {
  readonly run: string;
  readonly query: string;
  readonly plan: Plan;
  /** Whose outcome it is, and the epoch that a paid call belongs to. */
  readonly task: SubTask;
  readonly epoch: number;
  readonly held: HeldOutcome;
  /** How each task of the plan stands. */
  readonly states: ReadonlyMap<string, PatchState>;
  /** How many tasks may be added, still. */
  readonly room: number;
  /** The call is paid from the run's budget. */
  readonly budgeted: boolean;
  readonly signal: AbortSignal;
  /** Everything wrong with a patch; empty for one that may be applied. */
  readonly check: (patch: PlanPatch) => Promise<readonly Fault[]>;
};

/** pending: it has not begun, so it may be replaced. */
export type PatchState = 'pending' | 'running' | 'completed' | 'failed' | 'skipped';

/** A planner's answer: a patch that may be applied, or why there is none. */
export type PatchProposal = { readonly usage: Usage | null } & (
  | { readonly kind: 'patch'; readonly patch: PlanPatch; readonly model: { name: string; offline: boolean } }
  | { readonly kind: 'none'; readonly reason: string }
);

/** Asks a planner. Throws what its model throws. */
export type ProposePatch = (request: PatchRequest) => Promise<PatchProposal>;

/** The jobs that a patch adds to a flow, dependencies before dependents. */
export type FlowExtension = {
  readonly nodes: readonly FlowNode[];
  /** By added task: what was there before and it waits for. */
  readonly waits: ReadonlyMap<string, readonly BranchRef[]>;
  readonly root: JobRef;
  /** Of the added jobs. */
  readonly rootWaitsFor: readonly JobRef[];
  readonly tree: boolean;
};

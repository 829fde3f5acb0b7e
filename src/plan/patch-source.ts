import { limits } from '../contracts/limits.ts';
import type { Plan } from '../contracts/plan.ts';
import type { PatchState, RecordedPatch } from '../contracts/plan-patch.ts';
import type { TaskOutcome, TaskResult } from '../contracts/result.ts';
import type { ModeDecision, RunOptions } from '../contracts/run-options.ts';

/** A run whose plan is to be patched, as it stands. */
export type PatchSource = {
  /** With all patches so far. */
  readonly plan: Plan;
  readonly revision: number;
  readonly patches: readonly RecordedPatch[];
  /** The task whose outcome is kept back. */
  readonly task: string;
  /** Of every task of the plan: `task` as its outcome, others whose outcomes are kept back as failed. */
  readonly states: ReadonlyMap<string, PatchState>;
  readonly options: RunOptions;
  /** How many tasks may run at once by the run's mode; null for as many as the edges allow. */
  readonly lanes: number | null;
};

/** How many tasks may be added, still; 0 when the plan has been patched as often as it may be. */
export function patchRoom({ plan, patches, options }: Pick<PatchSource, 'plan' | 'patches' | 'options'>): number {
  const { recovery } = options;
  if (recovery?.mode !== 'repairable' || patches.length >= recovery.max_patches) return 0;
  const added = patches.reduce((sum, { from, to }) => sum + to - from, 0);
  return Math.max(0, Math.min(recovery.max_added_tasks - added, limits.planTasks - plan.sub_tasks.length));
}

/** What is recorded of a run, as far as it concerns a patch. */
export type RecordedRun = {
  readonly record: {
    readonly plan: Plan | null;
    readonly revision: number;
    readonly options: RunOptions;
    readonly mode: ModeDecision | null;
  };
  readonly progress: ReadonlyMap<string, { readonly epoch: number }>;
  readonly results: ReadonlyMap<string, Pick<TaskResult, 'status'>>;
  readonly patches: readonly RecordedPatch[];
  /** Tasks whose outcomes are, or were, kept back. */
  readonly held: ReadonlySet<string>;
};

/** How a run stands for a patch that makes up for a task's outcome; undefined when it has no plan. */
export function patchSourceOf(run: RecordedRun, task: string, outcome: TaskOutcome): PatchSource | undefined {
  const { record, progress, results, patches, held } = run;
  const { plan, revision, options, mode } = record;
  const stateOf = (id: string): PatchState => {
    const settled = results.get(id)?.status ?? (id === task ? outcome : undefined);
    if (settled !== undefined) return settled;
    if (held.has(id)) return 'failed';
    return (progress.get(id)?.epoch ?? 0) > 0 ? 'running' : 'pending';
  };
  if (plan === null) return undefined;
  const states = new Map(plan.sub_tasks.map(({ task_id }) => [task_id, stateOf(task_id)]));
  return { plan, revision, patches, task, states, options, lanes: mode?.lanes ?? null };
}

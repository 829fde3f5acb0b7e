import type { Plan } from '../contracts/plan.ts';
import type { TaskResult } from '../contracts/result.ts';

/** How a run stands when every task has settled, and what a person should know of it. */
export type RunOutcome = {
  readonly answerable: boolean;
  readonly partial: boolean;
  readonly warnings: readonly string[];
};

/** A run can be answered when a task completed; it is partial when another one did not, for whatever reason, unless it is optional. */
export function runOutcome(plan: Plan, results: ReadonlyMap<string, TaskResult>): RunOutcome {
  const unfinished = plan.sub_tasks.filter((task) => results.get(task.task_id)?.status !== 'completed');
  return {
    answerable: unfinished.length < plan.sub_tasks.length,
    partial: unfinished.some((task) => !task.optional),
    warnings: unfinished.map(({ task_id }) => describe(task_id, results.get(task_id))),
  };
}

function describe(id: string, result: TaskResult | undefined): string {
  if (result === undefined) return `${id} has no result: its job was removed`;
  return `${id} ${result.status}: ${result.error?.message ?? 'no reason recorded'}`;
}

import type { Plan } from '../contracts/plan.ts';
import type { TaskResult } from '../contracts/result.ts';

/** How a run stands when every task has settled, and what a person should know of it. */
export type RunOutcome = {
  readonly answerable: boolean;
  readonly partial: boolean;
  readonly warnings: readonly string[];
};

/** A run can be answered when a task completed; it is partial when another one did not, for whatever reason. */
export function runOutcome(plan: Plan, results: ReadonlyMap<string, TaskResult>): RunOutcome {
  const ids = plan.sub_tasks.map((task) => task.task_id);
  const unfinished = ids.filter((id) => results.get(id)?.status !== 'completed');
  return {
    answerable: unfinished.length < ids.length,
    partial: unfinished.length > 0,
    warnings: unfinished.map((id) => describe(id, results.get(id))),
  };
}

function describe(id: string, result: TaskResult | undefined): string {
  if (result === undefined) return `${id} has no result: its job was removed`;
  return `${id} ${result.status}: ${result.error?.message ?? 'no reason recorded'}`;
}

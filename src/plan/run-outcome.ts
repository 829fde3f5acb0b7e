import type { Plan, SubTask } from '../contracts/plan.ts';
import type { TaskResult } from '../contracts/result.ts';
import { isChildId } from './map-children.ts';
import { nameFew } from './map-result.ts';

/** How a run stands when every task has settled, and what a person should know of it. */
export type RunOutcome = {
  readonly answerable: boolean;
  readonly partial: boolean;
  readonly warnings: readonly string[];
};

/**
 * A run can be answered when a task completed; it is partial when another one did not, for whatever reason, or when a map task went on
 * without some of its items, unless it is optional.
 */
export function runOutcome(plan: Plan, results: ReadonlyMap<string, TaskResult>): RunOutcome {
  const unfinished = plan.sub_tasks.filter((task) => results.get(task.task_id)?.status !== 'completed');
  const holed = plan.sub_tasks.filter((task) => !unfinished.includes(task) && missingOf(task, results).length > 0);
  return {
    answerable: unfinished.length < plan.sub_tasks.length,
    partial: [...unfinished, ...holed].some((task) => !task.optional),
    warnings: [
      ...unfinished.map(({ task_id }) => describe(task_id, results.get(task_id))),
      ...holed.map((task) => describeHoles(task.task_id, missingOf(task, results))),
    ],
  };
}

function missingOf({ kind, task_id }: SubTask, results: ReadonlyMap<string, TaskResult>): readonly TaskResult[] {
  if (kind !== 'map') return [];
  return [...results.values()].filter((result) => result.status !== 'completed' && isChildId(result.task_id, task_id));
}

function describeHoles(id: string, missing: readonly TaskResult[]): string {
  return `${id} went on without ${missing.length} of its items: ${nameFew(missing)}`;
}

function describe(id: string, result: TaskResult | undefined): string {
  if (result === undefined) return `${id} has no result: its job was removed`;
  return `${id} ${result.status}: ${result.error?.message ?? 'no reason recorded'}`;
}

import type { Plan, SubTask } from '../contracts/plan.ts';
import type { TaskResult } from '../contracts/result.ts';
import { isChildId } from './map-children.ts';
import { nameAll } from './map-result.ts';

/** How a run stands when every task has settled, and what a person should know of it. */
export type RunOutcome = {
  readonly answerable: boolean;
  readonly partial: boolean;
  readonly warnings: readonly string[];
};

/**
 * A run can be answered when a task completed; it is partial when another one did not, for whatever reason, or when a map task went on
 * without some of its items, unless it is optional. What a patch has replaced or makes up for does not count. `unsettled` is said of a
 * task without a result.
 */
export function runOutcome(
  plan: Plan,
  results: ReadonlyMap<string, TaskResult>,
  unsettled = 'has no result: its job was removed',
): RunOutcome {
  const missing = missingByMap(plan, results);
  const active = activeTasks(plan, results);
  const unfinished = active.filter((task) => results.get(task.task_id)?.status !== 'completed');
  const holed = active.filter((task) => !unfinished.includes(task) && missing.has(task.task_id));
  return {
    answerable: unfinished.length < active.length,
    partial: [...unfinished, ...holed].some((task) => !task.optional),
    warnings: [
      ...unfinished.map(
        ({ task_id }) => `${task_id} ${describe(results.get(task_id), missing.get(task_id)) ?? unsettled}`,
      ),
      ...holed.map(({ task_id }) => describeHoles(task_id, missing.get(task_id) ?? [])),
      ...active.flatMap(({ task_id }) => warningOf(results.get(task_id))),
    ],
  };
}

/** What a run's answer is made from: neither tasks that a patch has replaced nor those that it makes up for. */
export function activeTasks({ sub_tasks }: Plan, results: ReadonlyMap<string, TaskResult>): readonly SubTask[] {
  return sub_tasks.filter(({ task_id }) => {
    const { recovered_by, superseded_by } = results.get(task_id) ?? {};
    return (recovered_by ?? superseded_by) === undefined;
  });
}

function warningOf(result: TaskResult | undefined): readonly string[] {
  return result?.warning !== undefined ? [`${result.task_id}: ${result.warning}`] : [];
}

type Missing = readonly TaskResult[];

/** Map task -> its items that did not complete, in its list's order; results are recorded in any. */
function missingByMap({ sub_tasks }: Plan, results: ReadonlyMap<string, TaskResult>): ReadonlyMap<string, Missing> {
  const placeOf = ({ task_id }: TaskResult): number => Number(task_id.slice(task_id.lastIndexOf('.') + 1));
  const unfinished = [...results.values()].filter(({ status }) => status !== 'completed');
  const lists = sub_tasks.flatMap(({ kind, task_id: map }) => {
    const items = kind === 'map' ? unfinished.filter(({ task_id }) => isChildId(task_id, map)) : [];
    return items.length === 0 ? [] : [[map, items.toSorted((a, b) => placeOf(a) - placeOf(b))] as const];
  });
  return new Map(lists);
}

function describeHoles(id: string, missing: Missing): string {
  return `${id} went on without ${missing.length} of its items: ${nameAll(missing)}`;
}

/** Undefined without a result. A recorded error is too short for the names of all items. */
function describe(result: TaskResult | undefined, missing: Missing = []): string | undefined {
  if (result === undefined) return undefined;
  const isOfItems = result.error?.code === 'map_failed' && missing.length > 0;
  if (isOfItems) return `failed: ${missing.length} of its items did not complete: ${nameAll(missing)}`;
  return `${result.status}: ${result.error?.message ?? 'no reason recorded'}`;
}

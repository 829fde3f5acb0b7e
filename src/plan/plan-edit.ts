import type { Fault } from '../contracts/error.ts';
import type { Plan } from '../contracts/plan.ts';
import { faultyPoints, type Points } from './interrupts.ts';
import { validatePlan } from './validate.ts';

/** A plan that a human was asked about, and the one they gave in its place. */
export type PlanEdit = {
  readonly asked: Plan;
  readonly edited: Plan;
  /** Where the run stops for a human. */
  readonly points: Points;
  /** Tasks whose results the run has already, as it is a fork. */
  readonly reused: readonly string[];
};

/**
 * What is wrong with a human's plan, each fault with its place; empty for a good one. It must be a valid plan, keep the tasks that
 * the run stops at, and leave re-used tasks as they are: these do not run, so an edit of one would come to nothing.
 */
export function planEditFaults(edit: PlanEdit): readonly Fault[] {
  const faults = validatePlan(edit.edited);
  return faults.length > 0 ? faults : [...lostPoints(edit), ...changedTasks(edit)];
}

/** A planner's plan may have points that name nothing: those are not the edit's fault. */
function lostPoints({ asked, edited, points }: PlanEdit): readonly Fault[] {
  const known = new Set(faultyPoints(asked, points).map(({ path }) => path));
  const lost = faultyPoints(edited, points).filter(({ path }) => !known.has(path));
  return lost.map(({ path, message }) => ({ path: 'sub_tasks', message: `${path}: ${message}` }));
}

function changedTasks({ asked, edited, reused }: PlanEdit): readonly Fault[] {
  const before = new Map(asked.sub_tasks.map((task) => [task.task_id, canonical(task)]));
  return reused.flatMap((id) => {
    const at = edited.sub_tasks.findIndex(({ task_id }) => task_id === id);
    if (at !== -1 && canonical(edited.sub_tasks[at]) === before.get(id)) return [];
    const message = `"${id}" is re-used with its result; expected it as it was: to change it, fork again and name it there`;
    return [{ path: at === -1 ? 'sub_tasks' : `sub_tasks[${at}]`, message }];
  });
}

/** As JSON, whatever the order of its fields. */
function canonical(value: unknown): string {
  const sorted = (_: string, each: unknown): unknown =>
    typeof each !== 'object' || each === null || Array.isArray(each)
      ? each
      : Object.fromEntries(Object.entries(each).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  return JSON.stringify(value, sorted);
}

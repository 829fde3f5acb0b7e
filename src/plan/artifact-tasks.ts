import type { Plan, SubTask } from '../contracts/plan.ts';
import { isDraft } from './own-reviews.ts';

/**
 * The tasks whose answers hold a run's files, in the plan's order, a map's items and a program's steps in its place: those that say so,
 * and those that write code and do not say otherwise. What is only reviewed for another task, and what a map gathers, would count twice.
 */
export function artifactTasks(plan: Plan, children: ReadonlyMap<string, readonly SubTask[]>): readonly string[] {
  const own = plan.sub_tasks.flatMap((task) => partsOf(task, children));
  return own.filter(holdsFiles).flatMap(({ task_id }) => (isDraft(plan, task_id) ? [] : [task_id]));
}

/** A step of a program may be a map or a program itself. */
function partsOf(task: SubTask, children: ReadonlyMap<string, readonly SubTask[]>): readonly SubTask[] {
  if (task.kind !== 'map' && task.kind !== 'program') return [task];
  const parts = (children.get(task.task_id) ?? []).flatMap((child) => partsOf(child, children));
  return task.kind === 'map' ? parts : [...parts, task];
}

function holdsFiles({ kind, artifacts, required_capability }: SubTask): boolean {
  return kind !== 'approval' && (artifacts ?? required_capability === 'code_generation');
}

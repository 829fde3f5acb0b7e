import type { SubTask } from '../contracts/plan.ts';

/** The dependencies that must have completed before a task may start: none when it takes partial input or has a join, and never optional ones. */
export function requiredInputs(task: SubTask, tasks: ReadonlyMap<string, SubTask>): readonly string[] {
  if (task.on_dependency_failure === 'partial' || task.join !== undefined) return [];
  return task.depends_on.filter((id) => tasks.get(id)?.optional !== true);
}

import type { SubTask } from '../contracts/plan.ts';

/** How many of a task's dependencies must have completed before it may start: all of them, or none when it takes partial input. */
export function neededInputs(task: Pick<SubTask, 'depends_on' | 'on_dependency_failure'>): number {
  return task.on_dependency_failure === 'skip' ? task.depends_on.length : 0;
}

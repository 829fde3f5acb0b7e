import type { Plan, SubTask } from '../contracts/plan.ts';
import type { RecordedPatch } from '../contracts/plan-patch.ts';

/**
 * What a run carried out, as a plan for other runs: without the tasks that its patches replaced, which did nothing, and without the
 * run's own id, which would make another version of equal content. What a patch made up for is optional from here on: the plan has
 * its remedy already.
 */
export function frozenPlan(
  { answer, ...plan }: Plan,
  query: string,
  patches: readonly Pick<RecordedPatch, 'task' | 'superseded'>[],
): Plan {
  const gone = new Set(patches.flatMap(({ superseded }) => superseded));
  const remedied = new Set(patches.map(({ task }) => task));
  const standing = plan.sub_tasks.filter(({ task_id }) => !gone.has(task_id));
  const isLost = answer !== undefined && 'from' in answer && gone.has(answer.from);
  return {
    ...plan,
    plan_id: '',
    original_query: plan.original_query || query,
    ...(answer !== undefined && !isLost && { answer }),
    sub_tasks: standing
      .map((task) => without(task, gone))
      .map((task) => (remedied.has(task.task_id) ? { ...task, optional: true } : task)),
  };
}

/** A task that nothing of what is gone is named by. */
function without({ join, review, ...task }: SubTask, gone: ReadonlySet<string>): SubTask {
  const stays = (id: string): boolean => !gone.has(id);
  const depends_on = task.depends_on.filter(stays);
  return {
    ...task,
    depends_on,
    after: task.after.filter(stays),
    ...(join !== undefined && depends_on.length > 0 && { join }),
    ...(review !== undefined && {
      review: review.revise ? { ...review, revise: review.revise.filter(stays) } : review,
    }),
  };
}

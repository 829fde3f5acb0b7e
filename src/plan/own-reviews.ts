import type { Plan, SubTask } from '../contracts/plan.ts';
import type { TaskResult } from '../contracts/result.ts';

/** What the task that does the work is called when its result is reviewed before anybody gets it. */
export function draftId(task: string): string {
  return `${task}.draft`;
}

/**
 * The plan with every task's own review as a task of kind review: the work is done by `<task>.draft`, and the task itself, which
 * dependents name, gives what was accepted. Applying it again changes nothing.
 */
export function applyOwnReviews(plan: Plan): Plan {
  if (!plan.sub_tasks.some(hasOwnReview)) return plan;
  return { ...plan, sub_tasks: plan.sub_tasks.flatMap((task) => (hasOwnReview(task) ? split(task) : [task])) };
}

/** Whether a task's result is only what another task of the plan reviews for it. */
export function isDraft({ sub_tasks }: Plan, id: string): boolean {
  return sub_tasks.some(({ task_id, kind }) => kind === 'review' && draftId(task_id) === id);
}

/** Whether a task's result counts as what a review made of it only: that of a draft, and any that a review has completed about. */
export function countsInReview(plan: Plan, results: Pick<ReadonlyMap<string, TaskResult>, 'get'>, id: string): boolean {
  const isJudgedBy = ({ task_id, kind, depends_on }: SubTask): boolean =>
    kind === 'review' && depends_on.includes(id) && results.get(task_id)?.status === 'completed';
  return isDraft(plan, id) || plan.sub_tasks.some(isJudgedBy);
}

/** Whether a task's own result is reviewed, which a task of kind review does for others. */
export function hasOwnReview({ kind, review }: SubTask): boolean {
  return kind !== 'review' && review !== undefined;
}

function split(task: SubTask): readonly SubTask[] {
  const { task_id, description, required_capability, input_data, review, approval, optional, priority, artifacts } =
    task;
  const draft: SubTask = { ...task, task_id: draftId(task_id), review: undefined, approval: undefined };
  const reviewed: SubTask = {
    ...{ task_id, description, required_capability, input_data, review, approval, optional, priority, artifacts },
    ...{ kind: 'review', depends_on: [draft.task_id], after: [], on_dependency_failure: 'skip' },
  };
  return [draft, reviewed];
}

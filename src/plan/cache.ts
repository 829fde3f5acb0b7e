import type { Plan } from '../contracts/plan.ts';
import type { RunOptions } from '../contracts/run-options.ts';

/** The plan with the run's wish for cached results as that of its tasks, which keep their own. Applying it again changes nothing. */
export function applyCache(plan: Plan, { cache }: Pick<RunOptions, 'cache'>): Plan {
  if (!cache) return plan;
  return { ...plan, sub_tasks: plan.sub_tasks.map((task) => ({ ...task, cache: task.cache ?? true })) };
}

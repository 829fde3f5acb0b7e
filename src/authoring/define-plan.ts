import { BatonError, faultyError, parseOr } from '../contracts/error.ts';
import { Plan } from '../contracts/plan.ts';
import { validatePlan } from '../plan/validate.ts';
import { sketchOf, type TaskHandle } from './handle.ts';
import { noteName } from './names.ts';
import { toGraphTask } from './sub-task.ts';

export type PlanSketch = Readonly<{
  /** Names the plan where it is shown. */
  name?: string;
  /** What it is about: told whoever writes the answer. */
  query?: string;
  /** Each task by its id. */
  tasks: Readonly<Record<string, TaskHandle<unknown>>>;
  /** The task whose text is the run's answer, or what stands between the texts of all; left out, the model makes it from the results. */
  answer?: TaskHandle<unknown> | Readonly<{ join: string }>;
}>;

/** A plan whose dependencies are handles: plain data for `submit`. Throws invalid_plan that names each fault. */
export function definePlan({ name = '', query = '', tasks, answer }: PlanSketch): Plan {
  const ids = new Map(Object.entries(tasks).map(([id, handle]) => [handle, id]));
  if (ids.size < Object.keys(tasks).length)
    throw new BatonError('invalid_plan', 'A task stands in the plan twice: make a second one, or give it one name.');
  const idOf = (handle: TaskHandle<unknown>): string => {
    const id = ids.get(handle);
    if (id !== undefined) return id;
    throw new BatonError(
      'invalid_plan',
      `A task needs "${handle[sketchOf].name}", which is not among the plan's tasks.`,
    );
  };
  const plan = checkedPlan({
    ...{ plan_id: name, original_query: query },
    sub_tasks: [...ids].map(([handle, id]) => ({ ...toGraphTask(handle[sketchOf], idOf), task_id: id })),
    ...(answer !== undefined && { answer: 'join' in answer ? answer : { from: idOf(answer) } }),
  });
  for (const [handle, id] of ids) noteName(handle, id);
  return plan;
}

/** Parses a plan by the same rules as POST /v1/runs. Throws invalid_plan. */
export function checkedPlan(plan: object): Plan {
  const parsed = parseOr(Plan, plan, 'invalid_plan');
  const faults = validatePlan(parsed);
  if (faults.length > 0) throw faultyError('invalid_plan', faults);
  return parsed;
}

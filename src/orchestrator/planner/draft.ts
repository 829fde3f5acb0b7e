import { z } from 'zod';
import { type AgentDescriptor, Capability } from '../../contracts/agent.ts';
import { type Fault, faultsOf } from '../../contracts/error.ts';
import { limits } from '../../contracts/limits.ts';
import { Plan } from '../../contracts/plan.ts';
import { toInputData } from './input.ts';
import { clean } from './text.ts';

/** A task as the model writes it. */
export const DraftTask = z.object({
  task_id: z.string(),
  description: z.string(),
  required_capability: Capability,
  input_data: z.array(z.object({ name: z.string(), value: z.union([z.string(), z.number(), z.boolean()]) })),
  depends_on: z.array(z.string()),
});
export type DraftTask = z.infer<typeof DraftTask>;

/** A plan as the model writes it: the contract's, without the records and optionals that strict output cannot have. */
export const PlanDraft = z.object({ reasoning: z.string(), sub_tasks: z.array(DraftTask) });
export type PlanDraft = z.infer<typeof PlanDraft>;

/** A plan that has the contract's shape, or what keeps the draft from it. */
export type Drafted =
  | { readonly ok: true; readonly plan: Plan }
  | { readonly ok: false; readonly faults: readonly Fault[] };

/** What a plan takes from elsewhere than the draft. */
export type PlanFrame = {
  readonly planId: string;
  readonly query: string;
  readonly agents: readonly AgentDescriptor[];
};

/**
 * The model's draft as a contract plan. Tasks are renamed t1..tn in their order and dependencies with them; an id that
 * names no task stays as it is, so that whoever validates the graph can name it. Texts lose their control characters
 * and are cut to the contract's lengths.
 */
export function toPlan(draft: PlanDraft, frame: PlanFrame): Drafted {
  const names = renaming(draft.sub_tasks);
  const faults = [...repeatedIds(draft.sub_tasks), ...misleadingIds(draft.sub_tasks, names)];
  const tasks = draft.sub_tasks.map((task, index) => {
    const input = toInputData(task, frame.agents);
    faults.push(...input.faults.map((fault) => ({ ...fault, path: `sub_tasks[${index}].${fault.path}` })));
    return {
      task_id: `t${index + 1}`,
      description: clean(task.description, limits.descriptionChars),
      required_capability: task.required_capability,
      input_data: input.data,
      depends_on: [...new Set(task.depends_on)].map((id) => names.get(id) ?? id),
    };
  });
  const parsed = Plan.safeParse({
    plan_id: frame.planId,
    original_query: frame.query,
    reasoning: clean(draft.reasoning, limits.descriptionChars),
    sub_tasks: tasks,
  });
  if (!parsed.success) faults.push(...faultsOf(parsed.error));
  return parsed.success && faults.length === 0 ? { ok: true, plan: parsed.data } : { ok: false, faults };
}

/** A Map, not an object: a model may well name a task "constructor". */
function renaming(tasks: readonly DraftTask[]): ReadonlyMap<string, string> {
  return new Map(tasks.map((task, index) => [task.task_id, `t${index + 1}`]));
}

function repeatedIds(tasks: readonly DraftTask[]): readonly Fault[] {
  const seen = new Set<string>();
  return tasks.flatMap(({ task_id }, index) => {
    const repeated = seen.has(task_id);
    seen.add(task_id);
    const name = JSON.stringify(task_id.slice(0, 64));
    return repeated
      ? [{ path: `sub_tasks[${index}].task_id`, message: `${name} is the id of an earlier task too` }]
      : [];
  });
}

/** An unknown id that looks like one of our new names would point at a task the model did not mean. */
function misleadingIds(tasks: readonly DraftTask[], names: ReadonlyMap<string, string>): readonly Fault[] {
  const taken = new Set(names.values());
  return tasks.flatMap(({ depends_on }, index) =>
    depends_on
      .filter((id) => !names.has(id) && taken.has(id))
      .map((id) => ({ path: `sub_tasks[${index}].depends_on`, message: `"${id}" is the id of no sub-task` })),
  );
}

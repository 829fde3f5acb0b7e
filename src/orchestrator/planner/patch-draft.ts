import { z } from 'zod';
import type { AgentDescriptor } from '../../contracts/agent.ts';
import { type Fault, faultsOf } from '../../contracts/error.ts';
import { limits } from '../../contracts/limits.ts';
import { type PatchRequest, PlanPatch } from '../../contracts/plan-patch.ts';
import { DraftTask } from './draft.ts';
import { toInputData } from './input.ts';
import { clean } from './text.ts';

/** A patch as the model writes it. Both lists are empty when it has none to give. */
export const PatchDraft = z.object({
  reason: z.string(),
  add_tasks: z.array(DraftTask),
  supersede_pending: z.array(z.string()),
});
export type PatchDraft = z.infer<typeof PatchDraft>;

/** A patch of the contract's shape, or what keeps the draft from it. */
export type DraftedPatch =
  | { readonly ok: true; readonly patch: PlanPatch }
  | { readonly ok: false; readonly faults: readonly Fault[] };

/** What a patch takes from elsewhere than the draft. */
export type PatchFrame = Pick<PatchRequest, 'plan' | 'task'> & { readonly agents: readonly AgentDescriptor[] };

/** Of an id that others are made from: what is added still fits. */
const BASE_CHARS = 56;

/**
 * The model's draft as a contract patch. New tasks are called after the one that they make up for, `t2.r1`, `t2.r2` ..., and dependencies
 * on them with them; every other id stays as it is, so that whoever checks the patch can name it.
 */
export function toPatch({ reason, add_tasks, supersede_pending }: PatchDraft, frame: PatchFrame): DraftedPatch {
  const base = frame.task.task_id.slice(0, BASE_CHARS);
  const names = new Map(add_tasks.map(({ task_id }, index) => [task_id, `${base}.r${index + 1}`]));
  const faults = [...mistakenIds(add_tasks, frame)];
  const tasks = add_tasks.map((task, index) => {
    const input = toInputData(task, frame.agents);
    faults.push(...input.faults.map((fault) => ({ ...fault, path: `add_tasks[${index}].${fault.path}` })));
    return {
      task_id: `${base}.r${index + 1}`,
      description: clean(task.description, limits.descriptionChars),
      required_capability: task.required_capability,
      input_data: input.data,
      depends_on: [...new Set(task.depends_on)].map((id) => names.get(id) ?? id),
    };
  });
  const parsed = PlanPatch.safeParse({
    reason: clean(reason, limits.descriptionChars),
    add_tasks: tasks,
    supersede_pending: [...new Set(supersede_pending)],
  });
  if (!parsed.success) faults.push(...faultsOf(parsed.error));
  return parsed.success && faults.length === 0 ? { ok: true, patch: parsed.data } : { ok: false, faults };
}

/** An id that means two tasks would make dependencies on it a guess. */
function mistakenIds(added: readonly DraftTask[], { plan }: PatchFrame): readonly Fault[] {
  const known = new Set(plan.sub_tasks.map(({ task_id }) => task_id));
  return added.flatMap(({ task_id }, index) => {
    const path = `add_tasks[${index}].task_id`;
    const name = JSON.stringify(task_id.slice(0, 64));
    if (known.has(task_id)) return [{ path, message: `${name} is the id of a task of the plan` }];
    const isRepeated = added.findIndex((other) => other.task_id === task_id) < index;
    return isRepeated ? [{ path, message: `${name} is the id of an earlier new task too` }] : [];
  });
}

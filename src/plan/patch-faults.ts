// The single rules of a patch. Each finds what is wrong by it, with its place in the patch.
import type { Fault } from '../contracts/error.ts';
import type { SubTask } from '../contracts/plan.ts';
import type { PlanPatch } from '../contracts/plan-patch.ts';
import { graphOf } from './graph.ts';
import { droppable, quotaOf } from './join.ts';
import { signatureOf } from './patch-signature.ts';
import { type PatchSource, patchRoom } from './patch-source.ts';
import { validatePlan } from './validate.ts';

/** What a patch may be over the whole run. `added`: its tasks as they would stand in the plan, with those of their own reviews. */
export function limitFaults(
  source: PatchSource,
  added: readonly SubTask[],
  { add_tasks }: PlanPatch,
): readonly Fault[] {
  const path = 'add_tasks';
  const room = patchRoom(source);
  if (add_tasks.length === 0) return [{ path, message: 'expected at least one task that makes up for the outcome' }];
  if (added.length > room) return [{ path, message: `${added.length} task(s) are added, and ${room} may be` }];
  const signature = signatureOf(added);
  const known = source.patches.map(({ from, to }) => signatureOf(source.plan.sub_tasks.slice(from, to)));
  return known.includes(signature)
    ? [{ path, message: 'the same tasks were added before, and that did not help' }]
    : [];
}

/** The new tasks: a valid plan together with the old ones, and depending on nothing that has not given, or will not give, a result. */
export function addedFaults(source: PatchSource, patch: PlanPatch): readonly Fault[] {
  const { plan } = source;
  const whole = { ...plan, sub_tasks: [...plan.sub_tasks, ...patch.add_tasks] };
  const inPlan = validatePlan(whole).map(({ path, message }) => ({
    path: placed(path, plan.sub_tasks.length),
    message,
  }));
  const dropped = droppable(graphOf({ sub_tasks: plan.sub_tasks.map((task) => withoutOldJoin(source, patch, task)) }));
  const dependencies = patch.add_tasks.flatMap(({ depends_on }, index) =>
    depends_on.flatMap((id, at) => {
      const message = uselessDependency(source, patch, { id, isDropped: dropped.has(id) });
      return message === undefined ? [] : [{ path: `add_tasks[${index}].depends_on[${at}]`, message }];
    }),
  );
  return [...inPlan, ...dependencies];
}

/** A place in the whole plan as one in the patch. What is wrong with the plan as a whole came with the new tasks. */
function placed(path: string, before: number): string {
  const [, index, rest = ''] = /^sub_tasks\[(\d+)\](.*)$/.exec(path) ?? [];
  return index === undefined || Number(index) < before ? 'add_tasks' : `add_tasks[${Number(index) - before}]${rest}`;
}

/** A join that has gone on, or is replaced, ends nobody any more. */
function withoutOldJoin({ states }: PatchSource, { supersede_pending }: PlanPatch, task: SubTask): SubTask {
  const isOpen = states.get(task.task_id) === 'pending' && !supersede_pending.includes(task.task_id);
  return isOpen ? task : { ...task, join: undefined };
}

type Dependency = { readonly id: string; readonly isDropped: boolean };

function uselessDependency(
  { task, states }: PatchSource,
  { supersede_pending }: PlanPatch,
  { id, isDropped }: Dependency,
): string | undefined {
  const state = states.get(id);
  if (id === task) return `"${id}" is the task to make up for: it has nothing to give`;
  if (state === 'failed' || state === 'skipped') return `"${id}" was ${state}: it has nothing to give`;
  if (supersede_pending.includes(id)) return `"${id}" is replaced by this patch: it will give nothing`;
  return isDropped ? `"${id}" may be ended early by the join that it feeds` : undefined;
}

/** The tasks that are replaced: unstarted ones, together with all that could do nothing without them. */
export function replacedFaults(source: PatchSource, patch: PlanPatch): readonly Fault[] {
  const wrong = patch.supersede_pending.flatMap((id, index, all) => {
    const message = all.indexOf(id) < index ? `"${id}" is named twice` : notReplaceable(source, id);
    return message === undefined ? [] : [{ path: `supersede_pending[${index}]`, message }];
  });
  return wrong.length > 0 ? wrong : danglingFaults(source, patch);
}

function notReplaceable({ states, task }: PatchSource, id: string): string | undefined {
  const state = states.get(id);
  if (state === undefined) return `"${id}" is no task of this plan`;
  if (id === task) return `"${id}" has ended: its outcome stays as it is`;
  return state === 'pending' ? undefined : `"${id}" has begun (${state}): only tasks that have not can be replaced`;
}

/** The closure rule: what needs a replaced task is replaced too; and nobody may be left who would end the run for the outcome. */
function danglingFaults(source: PatchSource, { supersede_pending }: PlanPatch): readonly Fault[] {
  const gone = new Set(supersede_pending);
  const path = 'supersede_pending';
  return source.plan.sub_tasks.flatMap((task) => {
    if (gone.has(task.task_id) || source.states.get(task.task_id) !== 'pending') return [];
    if (endsRunWithout(source, task))
      return [{ path, message: `"${task.task_id}" would end the run for want of "${source.task}": replace it too` }];
    const missing = task.depends_on.filter((id) => gone.has(id));
    if (missing.length === 0 || goesOnWithout(source, task, missing)) return [];
    return [{ path, message: `"${task.task_id}" needs ${missing.map((id) => `"${id}"`).join(', ')}: replace it too` }];
  });
}

function endsRunWithout({ task, states }: PatchSource, dependent: SubTask): boolean {
  const { on_dependency_failure, join, depends_on } = dependent;
  return states.get(task) === 'failed' && on_dependency_failure === 'fail' && !join && depends_on.includes(task);
}

/** Whether a task runs although these dependencies will be skipped. */
function goesOnWithout({ plan, states }: PatchSource, task: SubTask, missing: readonly string[]): boolean {
  if (isNothingWithout(task, missing)) return false;
  if (task.on_dependency_failure === 'partial') return true;
  if (task.join === undefined) {
    const optional = new Set(plan.sub_tasks.filter((each) => each.optional).map(({ task_id }) => task_id));
    return missing.every((id) => optional.has(id));
  }
  const lost = (id: string): boolean => missing.includes(id) || ['failed', 'skipped'].includes(states.get(id) ?? '');
  return task.depends_on.filter((id) => !lost(id)).length >= quotaOf(task);
}

/** A map without its list and a review without anything to review have nothing to work with. */
function isNothingWithout({ kind, map, depends_on }: SubTask, missing: readonly string[]): boolean {
  const list = map !== undefined && 'task' in map.over ? map.over.task : undefined;
  return (list !== undefined && missing.includes(list)) || (kind === 'review' && missing.length === depends_on.length);
}

import type { Fault } from '../contracts/error.ts';
import type { ForkRequest } from '../contracts/fork.ts';
import type { Plan, SubTask } from '../contracts/plan.ts';
import type { TaskResult } from '../contracts/result.ts';
import type { Child } from '../contracts/round.ts';
import { graphOf } from './graph.ts';
import { validatePlan } from './validate.ts';

/** Tasks that were skipped for these reasons did not come to their turn, because their run ended. */
const unfinished: ReadonlySet<string> = new Set(['cancelled', 'run_deadline', 'budget_exhausted']);

export type ForkSource = {
  readonly plan: Plan;
  readonly results: ReadonlyMap<string, TaskResult>;
  /** By map task. */
  readonly children: ReadonlyMap<string, readonly Child[]>;
  readonly request: ForkRequest;
};

export type ForkedPlan = { readonly plan: Plan; readonly rerun: readonly string[]; readonly reused: readonly string[] };

/**
 * A run's plan with edits, and which of its tasks run again: those named (the map task, where one of its items is), those edited,
 * those that have no result of their own, and all that depends on one of them. Everything else is re-used as it is, failures included.
 */
export function forkPlan({ plan, results, children, request }: ForkSource): ForkedPlan {
  const edited = withEdits(plan, request);
  const maps = mapsOf(children);
  const named = new Set([...request.from.map((id) => maps.get(id) ?? id), ...Object.keys(request.edits)]);
  const rerun = new Set<string>();
  for (const id of graphOf(edited).order) {
    const task = edited.sub_tasks.find((each) => each.task_id === id);
    // What a patch has replaced runs only where somebody wants it to: others do its work.
    if (!named.has(id) && results.get(id)?.superseded_by !== undefined) continue;
    const isBehind = task?.depends_on.some((dependency) => rerun.has(dependency)) ?? false;
    if (named.has(id) || isBehind || task === undefined || !hasOwnResult(task, results)) rerun.add(id);
  }
  const ids = edited.sub_tasks.map((task) => task.task_id);
  return { plan: edited, rerun: ids.filter((id) => rerun.has(id)), reused: ids.filter((id) => !rerun.has(id)) };
}

/** What is wrong with a fork, each with its place; empty for a good one. */
export function forkFaults({ plan, children, request }: ForkSource): readonly Fault[] {
  const known = new Set(plan.sub_tasks.map((task) => task.task_id));
  const maps = mapsOf(children);
  const unknown = (id: string, path: string): Fault => {
    const map = maps.get(id);
    const advice = map === undefined ? '' : ` but an item of "${map}": edit that one, all its items run again`;
    return { path, message: `"${id}" is no task of this run's plan${advice}` };
  };
  const faults = [
    ...request.from.flatMap((id, at) => (known.has(id) || maps.has(id) ? [] : [unknown(id, `from[${at}]`)])),
    ...Object.keys(request.edits).flatMap((id) => (known.has(id) ? [] : [unknown(id, `edits.${id}`)])),
  ];
  return faults.length > 0 ? faults : validatePlan(withEdits(plan, request));
}

/** By the id of a map task's item: that task. */
function mapsOf(children: ForkSource['children']): ReadonlyMap<string, string> {
  return new Map([...children].flatMap(([map, list]) => list.map(({ task }) => [task.task_id, map] as const)));
}

function withEdits(plan: Plan, { edits }: ForkRequest): Plan {
  const changes = new Map(Object.entries(edits));
  return {
    ...plan,
    sub_tasks: plan.sub_tasks.map((task) => {
      const { input_data = task.input_data, agent = task.agent } = changes.get(task.task_id) ?? {};
      return { ...task, input_data, ...(agent === undefined ? {} : { agent }) };
    }),
  };
}

function hasOwnResult(task: SubTask, results: ForkSource['results']): boolean {
  const result = results.get(task.task_id);
  if (result?.status !== 'skipped') return result !== undefined;
  const code = result.error?.code ?? '';
  // Skipped although nothing of its own was missing: another task failed the run.
  const isInnocent = task.depends_on.every((id) => results.get(id)?.status === 'completed');
  return !unfinished.has(code) && !(code === 'dependency_failed' && isInnocent);
}

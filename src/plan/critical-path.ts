import type { SubTask } from '../contracts/plan.ts';
import type { Timeline } from '../contracts/timeline.ts';
import type { PlanGraph } from './graph.ts';

export type PathQuestion = {
  readonly graph: PlanGraph;
  /** Milliseconds of each task that has started. */
  readonly durations: ReadonlyMap<string, number>;
  /** What a task has waited for. */
  readonly predecessors: (task: SubTask) => readonly string[];
};

type Way = { readonly total: number; readonly from: string | undefined };

/** The chain of tasks whose durations add up to the most, in its order; tasks that never started have no part in it. */
export function criticalPathOf({ graph, durations, predecessors }: PathQuestion): Timeline['critical_path'] {
  const ways = new Map<string, Way>();
  let longest: string | undefined;
  const totalOf = (id: string | undefined): number => (id === undefined ? 0 : (ways.get(id)?.total ?? 0));
  for (const id of graph.order) {
    const task = graph.tasks.get(id);
    let from: string | undefined;
    for (const before of task === undefined ? [] : predecessors(task)) {
      if (from === undefined || totalOf(before) > totalOf(from)) from = before;
    }
    ways.set(id, { from, total: totalOf(from) + (durations.get(id) ?? 0) });
    if (longest === undefined || totalOf(id) > totalOf(longest)) longest = id;
  }
  const path: Timeline['critical_path'] = [];
  for (let id = longest; id !== undefined; id = ways.get(id)?.from) {
    const duration = durations.get(id);
    if (duration !== undefined) path.unshift({ task_id: id, duration_ms: duration });
  }
  return path;
}

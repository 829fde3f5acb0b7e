import type { Plan, SubTask } from '../contracts/plan.ts';

/**
 * A plan's edges by task id, and its tasks in an order to begin them. What a task depends on and what it only comes after are edges
 * alike: it waits for both. Of a plan that validatePlan accepts.
 */
export type PlanGraph = {
  readonly tasks: ReadonlyMap<string, SubTask>;
  /** Task ids in an order in which every task stands behind what it waits for (Kahn's algorithm, ties in plan order). */
  readonly order: readonly string[];
  /** Task id -> ids of the tasks that wait for it, in plan order. */
  readonly dependents: ReadonlyMap<string, readonly string[]>;
};

/** The ids of the tasks that must have settled before this one, each once: its dependencies, then what it only comes after. */
export function predecessorsOf({ depends_on, after }: Pick<SubTask, 'depends_on' | 'after'>): readonly string[] {
  return [...new Set([...depends_on, ...after])];
}

/** Builds the graph; `order` is shorter than the plan when there is a cycle, whose tasks it leaves out. */
export function graphOf(plan: Pick<Plan, 'sub_tasks'>): PlanGraph {
  const tasks = new Map(plan.sub_tasks.map((task) => [task.task_id, task]));
  const dependents = new Map<string, string[]>(plan.sub_tasks.map((task) => [task.task_id, []]));
  const open = new Map<string, number>();
  for (const task of tasks.values()) {
    const known = predecessorsOf(task).filter((id) => tasks.has(id));
    open.set(task.task_id, known.length);
    for (const id of known) dependents.get(id)?.push(task.task_id);
  }
  return { tasks, dependents, order: peel(open, dependents) };
}

/** Takes away tasks without open dependencies until none is left. Changes `open`. */
function peel(open: Map<string, number>, dependents: ReadonlyMap<string, readonly string[]>): readonly string[] {
  const order = [...open].filter(([, count]) => count === 0).map(([id]) => id);
  for (const id of order) {
    for (const next of dependents.get(id) ?? []) {
      const left = (open.get(next) ?? 0) - 1;
      open.set(next, left);
      if (left === 0) order.push(next);
    }
  }
  return order;
}

/** Nodes of the tree that a viewer unfolds which visits a shared task once per path: 1 + paths of every task to the root. */
export function treeSize(graph: PlanGraph): number {
  const paths = new Map<string, number>();
  let total = 1;
  for (const id of graph.order.toReversed()) {
    const next = graph.dependents.get(id) ?? [];
    const own = next.length === 0 ? 1 : next.reduce((sum, dependent) => sum + (paths.get(dependent) ?? 0), 0);
    paths.set(id, own);
    total += own;
  }
  return total;
}

/** Task id -> the length of the longest way to it from a task that waits for nothing. */
export function levelsOf({ order, dependents }: PlanGraph): ReadonlyMap<string, number> {
  const levels = new Map(order.map((id) => [id, 0]));
  for (const id of order) {
    const below = (levels.get(id) ?? 0) + 1;
    for (const next of dependents.get(id) ?? []) levels.set(next, Math.max(levels.get(next) ?? 0, below));
  }
  return levels;
}

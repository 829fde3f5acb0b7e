import type { Plan, SubTask } from '../contracts/plan.ts';

/** A plan's edges by task id, and its tasks with dependencies before dependents. Of a plan that validatePlan accepts. */
export type PlanGraph = {
  readonly tasks: ReadonlyMap<string, SubTask>;
  /** Task ids in an order in which every task stands behind its dependencies (Kahn's algorithm, ties in plan order). */
  readonly order: readonly string[];
  /** Task id -> ids of the tasks that depend on it, in plan order. */
  readonly dependents: ReadonlyMap<string, readonly string[]>;
};

/** Builds the graph; `order` is shorter than the plan when there is a cycle, whose tasks it leaves out. */
export function graphOf(plan: Pick<Plan, 'sub_tasks'>): PlanGraph {
  const tasks = new Map(plan.sub_tasks.map((task) => [task.task_id, task]));
  const dependents = new Map<string, string[]>(plan.sub_tasks.map((task) => [task.task_id, []]));
  const open = new Map<string, number>();
  for (const task of tasks.values()) {
    const known = [...new Set(task.depends_on)].filter((id) => tasks.has(id));
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

import type { SubTask } from '../contracts/plan.ts';
import type { TaskView } from '../contracts/run.ts';
import type { GraphEdge, GraphNode, RunGraph } from '../contracts/run-graph.ts';
import { noTexts } from '../journal/load-results.ts';
import type { Store } from '../journal/store.ts';
import { mermaidOf } from '../plan/mermaid.ts';
import { viewRun } from './view-run.ts';

/** A run's plan as nodes with their states and edges, children of map tasks included; undefined when there is no such run. */
export async function viewGraph(store: Store, run: string): Promise<RunGraph | undefined> {
  const view = await viewRun(store, run, noTexts);
  if (view === undefined) return undefined;
  const tasks = view.plan?.sub_tasks ?? [];
  const known = new Map(tasks.map((task) => [task.task_id, task]));
  const parentOf = (id: string): string => id.slice(0, id.lastIndexOf('.')); // as plan/map-children.ts names them
  return {
    run_id: run,
    nodes: [
      ...view.tasks.map((task) => toNode(task, known.get(task.task_id)?.join !== undefined, null)),
      ...view.spawned.map((task) => toNode(task, false, parentOf(task.task_id))),
    ],
    edges: tasks.flatMap(edgesTo),
  };
}

/** The same as a Mermaid flowchart. */
export async function drawGraph(store: Store, run: string): Promise<string | undefined> {
  const graph = await viewGraph(store, run);
  return graph && mermaidOf(graph);
}

function toNode(
  { task_id, kind, status, description, agent_id }: TaskView,
  join: boolean,
  parent: string | null,
): GraphNode {
  return { task_id, kind, status, description, agent_id, join, parent };
}

function edgesTo({ task_id: to, depends_on, after }: SubTask): readonly GraphEdge[] {
  return [
    ...depends_on.map((from): GraphEdge => ({ from, to, type: 'depends_on' })),
    ...after.filter((from) => !depends_on.includes(from)).map((from): GraphEdge => ({ from, to, type: 'after' })),
  ];
}

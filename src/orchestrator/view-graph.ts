import type { SubTask } from '../contracts/plan.ts';
import type { RecordedPatch } from '../contracts/plan-patch.ts';
import type { TaskView } from '../contracts/run.ts';
import type { GraphEdge, GraphNode, RunGraph } from '../contracts/run-graph.ts';
import { noTexts } from '../journal/load-results.ts';
import { loadPatches } from '../journal/patch.ts';
import type { Store } from '../journal/store.ts';
import { mermaidOf } from '../plan/mermaid.ts';
import { viewRun } from './view-run.ts';

/** A run's plan as nodes with their states and edges, children of map tasks included; undefined when there is no such run. */
export async function viewGraph(store: Store, run: string): Promise<RunGraph | undefined> {
  const view = await viewRun(store, run, noTexts);
  if (view === undefined) return undefined;
  const tasks = view.plan?.sub_tasks ?? [];
  const known = new Map(tasks.map((task) => [task.task_id, task]));
  const repairs = view.plan_revision === 0 ? [] : repairsOf(tasks, (await loadPatches(store, run)).patches);
  const parentOf = (id: string): string => id.slice(0, id.lastIndexOf('.')); // as plan/map-children.ts names them
  return {
    run_id: run,
    nodes: [
      ...view.tasks.map((task) => toNode(task, known.get(task.task_id)?.join !== undefined, null)),
      ...view.spawned.map((task) => toNode(task, false, parentOf(task.task_id))),
    ],
    edges: [...tasks.flatMap(edgesTo), ...repairs],
  };
}

/** The same as a Mermaid flowchart. */
export async function drawGraph(store: Store, run: string): Promise<string | undefined> {
  const graph = await viewGraph(store, run);
  return graph && mermaidOf(graph);
}

function toNode(
  { required_capability: _, depends_on: __, attempts: ___, ...task }: TaskView,
  join: boolean,
  parent: string | null,
): GraphNode {
  return { ...task, join, parent };
}

/** From a task to those that make up for it, as far as they wait for no other of the patch. */
function repairsOf(tasks: readonly SubTask[], patches: readonly RecordedPatch[]): readonly GraphEdge[] {
  return patches.flatMap(({ task: from, from: first, to }) => {
    const added = tasks.slice(first, to);
    const ids = new Set(added.map(({ task_id }) => task_id));
    const begins = added.filter(({ depends_on }) => !depends_on.some((id) => ids.has(id)));
    return begins.map(({ task_id }): GraphEdge => ({ from, to: task_id, type: 'repairs' }));
  });
}

function edgesTo({ task_id: to, depends_on, after }: SubTask): readonly GraphEdge[] {
  return [
    ...depends_on.map((from): GraphEdge => ({ from, to, type: 'depends_on' })),
    ...after.filter((from) => !depends_on.includes(from)).map((from): GraphEdge => ({ from, to, type: 'after' })),
  ];
}

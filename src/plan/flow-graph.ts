import {
  type Edge,
  type FlowGraph,
  type FlowNode,
  type JobRef,
  jobIds,
  queueOf,
  ROOT_QUEUE,
} from '../contracts/job.ts';
import { limits } from '../contracts/limits.ts';
import type { Plan, Priority, SubTask } from '../contracts/plan.ts';
import type { TaskOutcome } from '../contracts/result.ts';
import { requiredInputs } from './dependencies.ts';
import { graphOf, levelsOf, type PlanGraph, predecessorsOf, treeSize } from './graph.ts';
import { droppable, feedsJoin, joinSpecOf, mayGoEarly } from './join.ts';
import { jobPriority } from './priority.ts';

/** Tasks whose results are there before the flow begins (a fork's): they have no job, and what waits for them does not. */
export type Seeds = ReadonlyMap<string, TaskOutcome>;

/** All that the jobs of one flow are made from. */
export type FlowSource = {
  readonly graph: PlanGraph;
  readonly jobs: ReadonlyMap<string, JobRef>;
  readonly root: JobRef;
  readonly seeds: Seeds;
  readonly levels: ReadonlyMap<string, number>;
  readonly droppable: ReadonlySet<string>;
  readonly priority: Priority;
};

export type FlowOptions = {
  readonly seeds?: Seeds /** Of tasks that name none of their own. */;
  readonly priority?: Priority;
};

/** A valid plan as the jobs of one multi-parent flow: which edge BullMQ resolves, and which ones settle does. */
export function flowGraphOf(run: string, plan: Plan, options: FlowOptions = {}): FlowGraph {
  const source = flowSourceOf(run, plan, options);
  const { graph, root, seeds } = source;
  const ids = graph.order.filter((id) => !seeds.has(id));
  return {
    rootPriority: jobPriority(source.priority, 0),
    nodes: ids.map((id) => nodeOf(source, id)),
    root,
    rootWaitsFor: ids.filter((id) => isAwaitedByRoot(source, id)).map((id) => pick(source.jobs, id)),
    tree: treeSize(graph) <= limits.treeNodes,
  };
}

/** What a flow's jobs are made from. */
export function flowSourceOf(
  run: string,
  plan: Plan,
  { seeds = new Map(), priority = 'normal' }: FlowOptions,
): FlowSource {
  const graph = graphOf(plan);
  const root = { queue: ROOT_QUEUE, id: jobIds.root(run) };
  return {
    graph,
    jobs: jobsOf(run, plan),
    root,
    seeds,
    levels: levelsOf(graph),
    droppable: droppable(graph),
    priority,
  };
}

/** Task id -> its job. The index in the plan makes the id, so a task id may hold what BullMQ would not take. */
export function jobsOf(run: string, plan: Pick<Plan, 'sub_tasks'>): ReadonlyMap<string, JobRef> {
  return new Map(
    plan.sub_tasks.map((task, index) => [
      task.task_id,
      { queue: queueOf(task.required_capability), id: jobIds.task(run, index) },
    ]),
  );
}

/**
 * Every edge of a task as one that settle resolves, for what repairs a flow. One to the root may be among them that is not there: a patch
 * may have put tasks behind one that the root waited for before.
 */
export function allEdgesOf(source: FlowSource, id: string): readonly Edge[] {
  return [...dependentsOf(source, id).map((dependent) => edgeOf(source, id, dependent)), source.root];
}

function nodeOf(source: FlowSource, id: string): FlowNode {
  const { graph, jobs, root, seeds } = source;
  const task = pick(graph.tasks, id);
  const [first, ...others] = dependentsOf(source, id);
  // A join counts its branches, so even the first edge goes through settle when it leads to one.
  const counted = first !== undefined && feedsJoin(pick(graph.tasks, first), id) ? [first, ...others] : others;
  const edges = counted.map((dependent) => edgeOf(source, id, dependent));
  const isAwaited = first !== undefined && isAwaitedByRoot(source, id);
  return {
    task,
    job: pick(jobs, id),
    parent: first === undefined ? root : pick(jobs, first),
    edges: isAwaited ? [...edges, root] : edges,
    waitsFor: predecessorsOf(task)
      .filter((dep) => !seeds.has(dep))
      .map((dep) => pick(jobs, dep)),
    needs: requiredInputs(task, graph.tasks),
    failsRun: failsRun(source, id),
    join: joinSpecOf(source, task),
    priority: jobPriority(task.priority ?? source.priority, source.levels.get(id) ?? 0),
  };
}

function dependentsOf({ graph, seeds }: FlowSource, id: string): readonly string[] {
  return (graph.dependents.get(id) ?? []).filter((dependent) => !seeds.has(dependent));
}

function edgeOf({ graph, jobs }: FlowSource, from: string, to: string): Edge {
  const dependent = pick(graph.tasks, to);
  if (!feedsJoin(dependent, from)) return pick(jobs, to);
  return { ...pick(jobs, to), join: to, timed: dependent.join?.timeout_ms !== undefined };
}

/**
 * The root waits for what nothing else surely waits for: a join may go on without its branch, and a task that a join drops waits for
 * nothing any more. What a join may drop itself has settled when that join has.
 */
function isAwaitedByRoot(source: FlowSource, id: string): boolean {
  const { graph, droppable: dropped } = source;
  if (dropped.has(id)) return false;
  const surelyWaits = (dependent: string): boolean => {
    const task = pick(graph.tasks, dependent);
    return !dropped.has(dependent) && !(feedsJoin(task, id) && mayGoEarly(task));
  };
  return !dependentsOf(source, id).some(surelyWaits);
}

/** Whether the run cannot go on when this task does not complete: a dependent of it says so. */
export function failsRun(source: FlowSource, id: string): boolean {
  const { tasks } = source.graph;
  return dependentsOf(source, id).some((dependent) => mayFailRun(pick(tasks, dependent), pick(tasks, id)));
}

/** A join decides when it goes on. */
function mayFailRun(dependent: SubTask, { task_id, optional }: SubTask): boolean {
  const wants = dependent.on_dependency_failure === 'fail' && dependent.depends_on.includes(task_id);
  return wants && !optional && dependent.join === undefined;
}

function pick<T>(map: ReadonlyMap<string, T>, id: string): T {
  const found = map.get(id);
  if (found === undefined) throw new TypeError(`the plan was not validated: there is no task "${id}"`);
  return found;
}

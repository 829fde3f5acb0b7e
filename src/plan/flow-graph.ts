import { type FlowGraph, type FlowNode, type JobRef, jobIds, queueOf, ROOT_QUEUE } from '../contracts/job.ts';
import { limits } from '../contracts/limits.ts';
import type { Plan, SubTask } from '../contracts/plan.ts';
import { graphOf, type PlanGraph, treeSize } from './graph.ts';

/** A valid plan as the jobs of one multi-parent flow: which edge BullMQ resolves, and which ones settle does. */
export function flowGraphOf(run: string, plan: Plan): FlowGraph {
  const graph = graphOf(plan);
  const jobs = jobsOf(run, plan);
  const root = { queue: ROOT_QUEUE, id: jobIds.root(run) };
  const nodes = graph.order.map((id) => nodeOf({ id, graph, jobs, root }));
  const sinks = graph.order.filter((id) => (graph.dependents.get(id) ?? []).length === 0);
  return { nodes, root, rootWaitsFor: sinks.map((id) => pick(jobs, id)), tree: treeSize(graph) <= limits.treeNodes };
}

/** Task id -> its job. The index in the plan makes the id, so a task id may hold what BullMQ would not take. */
function jobsOf(run: string, plan: Pick<Plan, 'sub_tasks'>): ReadonlyMap<string, JobRef> {
  return new Map(
    plan.sub_tasks.map((task, index) => [
      task.task_id,
      { queue: queueOf(task.required_capability), id: jobIds.task(run, index) },
    ]),
  );
}

type NodeInput = {
  readonly id: string;
  readonly graph: PlanGraph;
  readonly jobs: ReadonlyMap<string, JobRef>;
  readonly root: JobRef;
};

function nodeOf({ id, graph, jobs, root }: NodeInput): FlowNode {
  const task: SubTask = pick(graph.tasks, id);
  const [first, ...others] = graph.dependents.get(id) ?? [];
  return {
    task,
    job: pick(jobs, id),
    parent: first === undefined ? root : pick(jobs, first),
    edges: others.map((dependent) => pick(jobs, dependent)),
    waitsFor: task.depends_on.map((dependency) => pick(jobs, dependency)),
  };
}

function pick<T>(map: ReadonlyMap<string, T>, id: string): T {
  const found = map.get(id);
  if (found === undefined) throw new TypeError(`the plan was not validated: there is no task "${id}"`);
  return found;
}

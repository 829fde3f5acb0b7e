import type { FlowNode } from '../contracts/job.ts';
import type { Plan, Priority } from '../contracts/plan.ts';
import type { FlowExtension } from '../contracts/plan-patch.ts';
import { failsRun, flowGraphOf, flowSourceOf, jobsOf } from './flow-graph.ts';
import { predecessorsOf } from './graph.ts';

/** A plan as it was with a patch and none after it: its tasks from `from` are that patch's. */
export type Extended = {
  readonly run: string;
  readonly plan: Plan;
  readonly from: number;
  readonly priority: Priority;
};

/** The jobs of a patch's tasks. What was there keeps its jobs and their edges; the root waits for the new ones that nothing else awaits. */
export function extensionOf({ run, plan, from, priority }: Extended): FlowExtension {
  const { nodes, root, rootWaitsFor, tree } = flowGraphOf(run, plan, { priority });
  const added = new Set(plan.sub_tasks.slice(from).map(({ task_id }) => task_id));
  const own = nodes.filter(({ task }) => added.has(task.task_id));
  const ids = new Set(own.map(({ job }) => job.id));
  const jobs = jobsOf(run, plan);
  const older = ({ task }: FlowNode) =>
    predecessorsOf(task).flatMap((id) => {
      const job = added.has(id) ? undefined : jobs.get(id);
      return job === undefined ? [] : [{ task: id, job }];
    });
  return {
    nodes: own,
    waits: new Map(own.map((node) => [node.task.task_id, older(node)])),
    root,
    rootWaitsFor: rootWaitsFor.filter(({ id }) => ids.has(id)),
    tree,
  };
}

/** Whether a run cannot go on without a task, as its plan stands: those in `replaced` (also re-used ones of a fork) want nothing any more. */
export function failsRunNow(
  { run, plan, replaced }: { readonly run: string; readonly plan: Plan; readonly replaced: readonly string[] },
  id: string,
): boolean {
  const seeds = new Map(replaced.map((each) => [each, 'skipped' as const]));
  return failsRun(flowSourceOf(run, plan, { seeds }), id);
}

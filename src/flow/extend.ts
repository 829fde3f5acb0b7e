import type { EventDraft } from '../contracts/event.ts';
import type { JobRef, TaskJob } from '../contracts/job.ts';
import type { Plan } from '../contracts/plan.ts';
import { type FlowExtension, PatchDecision } from '../contracts/plan-patch.ts';
import type { Usage } from '../contracts/result.ts';
import { eventArgs } from '../journal/event-codec.ts';
import { loadScript, runScript } from '../journal/script.ts';
import type { Store } from '../journal/store.ts';
import { addJobs, taskEntry } from './add-jobs.ts';
import type { Flow } from './flow.ts';
import { releaseJob } from './revive.ts';
import { supersededArgs } from './supersede.ts';

const script = loadScript(new URL('./extend.lua', import.meta.url));

/** A patch, and all that is written with it. */
export type PatchRecord = {
  readonly run: string;
  readonly task: string;
  readonly epoch: number;
  /** The plan with it, which is of revision `decision.revision`. */
  readonly plan: Plan;
  readonly decision: Extract<PatchDecision, { revision: number }>;
  readonly extension: FlowExtension;
  readonly usage: Usage | null;
  readonly event: EventDraft;
};

/**
 * `conflict`: another patch came first, or a task has begun or failed since the run was looked at. `stale`: a newer attempt owns the task,
 * or it has a result. `ended`: the run has ended or is told to stop.
 */
export type Extended = PatchDecision | 'conflict' | 'stale' | 'ended';

/** Applies a patch, first writer wins: the decision that counts comes back. The new tasks have no jobs yet. Repeating it is harmless. */
export async function recordPatch({ redis, keys }: Store, record: PatchRecord): Promise<Extended> {
  const { run, tasks, results, events, patches } = keys.run(record.run);
  const { task, epoch, plan, decision, usage, event } = record;
  const [code, decided] = (await runScript(redis, script, {
    keys: [run, tasks, results, events, patches],
    args: [
      ...[task, epoch, decision.revision - 1, JSON.stringify(decision), JSON.stringify(plan)],
      ...[
        usage?.prompt_tokens ?? 0,
        usage?.completion_tokens ?? 0,
        JSON.stringify(shapeOf({ keys }, record.extension)),
      ],
      ...eventArgs(event),
      ...decision.superseded.flatMap((id) => supersededArgs(id, decision.revision)),
    ],
  })) as [number, string?]; // the script returns nothing else
  if (code === 1) return PatchDecision.parse(JSON.parse(decided ?? ''));
  return code === -2 ? 'conflict' : code === -3 ? 'ended' : 'stale';
}

/** What extend.lua must know of the new jobs: of edges between two of them BullMQ and settle know by the jobs themselves. */
function shapeOf({ keys }: Pick<Store, 'keys'>, { nodes, waits, root, rootWaitsFor }: FlowExtension) {
  const keyOf = ({ queue, id }: JobRef): string => keys.job(queue, id);
  const older = [...waits.values()].flat();
  const known = new Set(older.map(({ job }) => keyOf(job)));
  return {
    needs: [
      ...new Set(nodes.flatMap(({ task }) => task.depends_on.filter((id) => older.some((each) => each.task === id)))),
    ],
    root: keyOf(root),
    sinks: rootWaitsFor.map(keyOf),
    nodes: nodes.map(({ task, job, waitsFor }) => ({
      ...{ key: keyOf(job), queue: keys.queue(job.queue), id: job.id },
      waits: [
        ...(waits.get(task.task_id) ?? []).map((each) => ({ key: keyOf(each.job), task: each.task })),
        ...waitsFor.map(keyOf).flatMap((key) => (known.has(key) ? [] : [{ key }])),
      ],
    })),
  };
}

/** A patch that counts, and what its jobs have in common with the others of their run. */
export type Extending = {
  readonly run: string;
  readonly extension: FlowExtension;
  /** The run has a budget. */
  readonly budgeted: boolean;
};

/**
 * Adds those jobs of a patch that are not there. What they wait for is known since the patch counts, and may have settled before its jobs
 * were there. Repeating it is harmless.
 */
export async function extendFlow(flow: Flow, { run, extension, budgeted }: Extending): Promise<void> {
  const { nodes, tree } = extension;
  const entries = nodes.toReversed().map((node) => {
    const data: TaskJob = {
      ...{ run_id: run, task: node.task, edges: [...node.edges], needs: [...node.needs], tree, repairable: true },
      ...(node.failsRun ? { fails_run: true } : {}),
      ...(budgeted ? { budgeted } : {}),
    };
    const { job, parent, priority } = node;
    return taskEntry(flow, data, { job, parent, priority, waits: node.waitsFor.length > 0 });
  });
  await addJobs(flow, entries);
  for (const { job } of nodes.filter(({ waitsFor }) => waitsFor.length > 0)) await releaseJob(flow, job);
}

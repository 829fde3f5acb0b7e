import { Job } from 'bullmq';
import type { FlowGraph, FlowNode, JobRef, TaskJob } from '../contracts/job.ts';
import { loadScript, runScript } from '../journal/script.ts';
import { addJobs, type Entry, taskEntry } from './add-jobs.ts';
import type { Flow } from './flow.ts';
import { returningJob } from './job-options.ts';
import { encodeJoin } from './join-spec.ts';

const preset = loadScript(new URL('./preset.lua', import.meta.url));

const PRESET_AT_ONCE = 500;

/** A plan's flow, and whose. */
export type Submission = {
  readonly run: string;
  readonly graph: FlowGraph;
  /** The run has a budget, so its tasks' calls are paid from it. */
  readonly budgeted: boolean;
  /** The plan may be repaired, so what its tasks came to is kept back first. */
  readonly repairable?: boolean;
};

/**
 * Adds a plan to BullMQ as one multi-parent flow: a job per task and a root, atomically. Submitting twice, also after a crash at
 * any point or by another process at the same time, leaves one flow.
 */
export async function submitFlow(flow: Flow, submission: Submission): Promise<void> {
  await presetEdges(flow, submission);
  await addJobs(flow, entriesOf(flow, submission));
}

async function presetEdges({ store }: Flow, { run, graph }: Submission): Promise<void> {
  const { nodes, root, rootWaitsFor } = graph;
  const key = ({ queue, id }: JobRef): string => store.keys.job(queue, id);
  const waiting = [
    ...nodes.filter((node) => node.waitsFor.length > 0).map(({ job, waitsFor }) => ({ job, waitsFor })),
    { job: root, waitsFor: rootWaitsFor },
  ];
  const joins = nodes.flatMap((node) => (node.join === undefined ? [] : [node.task.task_id, encodeJoin(store, node)]));
  for (let from = 0; from < waiting.length; from += PRESET_AT_ONCE) {
    const chunk = waiting.slice(from, from + PRESET_AT_ONCE);
    const waits = chunk.map(({ waitsFor }) => JSON.stringify(waitsFor.map(key)));
    await runScript(store.redis, preset, {
      keys: [store.keys.run(run).joins, ...chunk.map(({ job }) => key(job))],
      args: [...waits, ...(from === 0 ? joins : [])],
    });
  }
}

/** The root first, then dependents before their dependencies: BullMQ refuses a job whose parent does not exist. */
function entriesOf(flow: Flow, submission: Submission): readonly Entry[] {
  const { run, graph } = submission;
  const rootOptions = { jobId: graph.root.id, priority: graph.rootPriority, ...returningJob };
  const root = new Job(flow.queue(graph.root.queue), 'root', { run_id: run }, rootOptions, graph.root.id);
  const tasks = graph.nodes.toReversed().map((node) => nodeEntry(flow, submission, node));
  return [root.toFlowEntry({ addToWaitingChildren: true }), ...tasks];
}

/** A node's job: what its processor must know. */
function nodeEntry(flow: Flow, submission: Submission, node: FlowNode): Entry {
  const { run, graph, budgeted, repairable = false } = submission;
  const data: TaskJob = {
    run_id: run,
    task: node.task,
    edges: [...node.edges],
    tree: graph.tree,
    needs: [...node.needs],
    ...(node.failsRun ? { fails_run: true } : {}),
    ...(budgeted ? { budgeted } : {}),
    ...(repairable ? { repairable } : {}),
  };
  return taskEntry(flow, data, {
    job: node.job,
    parent: node.parent,
    waits: node.waitsFor.length > 0,
    priority: node.priority,
  });
}

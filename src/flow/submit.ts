import { setTimeout as pause } from 'node:timers/promises';
import { Job, type JobsOptions } from 'bullmq';
import { BatonError } from '../contracts/error.ts';
import type { FlowGraph, FlowNode, JobRef, TaskJob } from '../contracts/job.ts';
import { loadScript, runScript } from '../journal/script.ts';
import type { Flow } from './flow.ts';
import { keptJob } from './job-options.ts';

const preset = loadScript(new URL('./preset.lua', import.meta.url));

const TRIES = 5;
const PAUSE_MS = 50;
const PRESET_AT_ONCE = 500;

type Entry = ReturnType<Job['toFlowEntry']>;

/**
 * Adds a plan to BullMQ as one multi-parent flow: a job per task and a root, atomically. Submitting twice, also after a crash at
 * any point or by another process at the same time, leaves one flow.
 */
export async function submitFlow(flow: Flow, run: string, graph: FlowGraph): Promise<void> {
  await presetEdges(flow, graph);
  await flow.takeTurn(() => addJobs(flow, entriesOf(flow, run, graph)));
}

async function addJobs(flow: Flow, entries: readonly Entry[]): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const missing = await watchMissing(flow, entries);
      if (missing.length === 0) return;
      return throwOnBadReply(await flow.submitQueue.getBackend().addFlow(missing));
    } catch (error) {
      if (attempt === TRIES) throw error;
      await recover(flow, attempt);
    }
  }
}

/**
 * NOSCRIPT inside a MULTI repeats for as long as the socket lives, since ioredis sends a script's text once per socket: a new
 * socket sends it again. What was added in part is harmless (see preset.lua) and is left out of the next try.
 */
async function recover({ submitRedis }: Flow, attempt: number): Promise<void> {
  submitRedis.disconnect(true);
  await pause(PAUSE_MS * attempt);
}

async function presetEdges({ store }: Flow, { nodes, root, rootWaitsFor }: FlowGraph): Promise<void> {
  const key = ({ queue, id }: JobRef): string => store.keys.job(queue, id);
  const waiting = [
    ...nodes.filter((node) => node.waitsFor.length > 0).map(({ job, waitsFor }) => ({ job, waitsFor })),
    { job: root, waitsFor: rootWaitsFor },
  ];
  for (let from = 0; from < waiting.length; from += PRESET_AT_ONCE) {
    const chunk = waiting.slice(from, from + PRESET_AT_ONCE);
    const args = chunk.map(({ waitsFor }) => JSON.stringify(waitsFor.map(key)));
    await runScript(store.redis, preset, { keys: chunk.map(({ job }) => key(job)), args });
  }
}

/** The root first, then dependents before their dependencies: BullMQ refuses a job whose parent does not exist. */
function entriesOf(flow: Flow, run: string, graph: FlowGraph): readonly Entry[] {
  const rootOptions = { jobId: graph.root.id, ...keptJob };
  const root = new Job(flow.queue(graph.root.queue), 'root', { run_id: run }, rootOptions, graph.root.id);
  const tasks = graph.nodes.toReversed().map((node) => taskEntry(flow, run, { node, tree: graph.tree }));
  return [root.toFlowEntry({ addToWaitingChildren: true }), ...tasks];
}

function taskEntry(flow: Flow, run: string, { node, tree }: { node: FlowNode; tree: boolean }): Entry {
  const { keys } = flow.store;
  const parentKey = keys.job(node.parent.queue, node.parent.id);
  const data: TaskJob = { run_id: run, task: node.task, edges: [...node.edges], tree };
  const options: JobsOptions = {
    jobId: node.job.id,
    parent: { id: node.parent.id, queue: keys.queue(node.parent.queue) },
    // Any other choice leaves the parent waiting for ever, or fails it early; the dependent decides by its policy.
    ignoreDependencyOnFailure: true,
    ...keptJob,
  };
  return new Job(flow.queue(node.job.queue), node.task.task_id, data, options, node.job.id).toFlowEntry({
    addToWaitingChildren: node.waitsFor.length > 0,
    parentKey,
    parentDependenciesKey: `${parentKey}:dependencies`,
  });
}

/**
 * The jobs that are not there. Re-adding one that has failed would re-arm an edge that never resolves, so all are watched: should
 * another submitter add them before our MULTI, Redis refuses it, and we look again.
 */
async function watchMissing({ store, submitRedis }: Flow, entries: readonly Entry[]): Promise<Entry[]> {
  const keys = entries.map((entry) => store.keys.job(entry.queueName, entry.jobId));
  await submitRedis.watch(...keys);
  const pipeline = submitRedis.pipeline();
  for (const key of keys) pipeline.exists(key);
  const replies = (await pipeline.exec()) ?? [];
  const failed = replies.find(([error]) => error !== null)?.[0];
  if (failed) throw failed;
  return entries.filter((_, index) => replies[index]?.[1] === 0);
}

/** BullMQ looks at the first reply only: a job that was not added would be missed. */
function throwOnBadReply(replies: readonly unknown[]): void {
  for (const reply of replies) {
    const [error, value] = reply as [Error | null, string | number]; // ioredis's form of an EXEC reply
    if (error) throw error;
    if (typeof value === 'number' && value < 0)
      throw new BatonError('internal', `bullmq answered ${value} to a flow's job`);
  }
}

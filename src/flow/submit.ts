import { setTimeout as pause } from 'node:timers/promises';
import { Job, type JobsOptions } from 'bullmq';
import { BatonError } from '../contracts/error.ts';
import type { FlowGraph, FlowNode, JobRef, TaskJob } from '../contracts/job.ts';
import { loadScript, runScript } from '../journal/script.ts';
import type { Flow } from './flow.ts';

const preset = loadScript(new URL('./preset.lua', import.meta.url));

const TRIES = 5;
const PAUSE_MS = 50;
const PRESET_AT_ONCE = 500;

/** Jobs stay until their run is removed: a finished id blocks a second add of the same job. */
const kept = { removeOnComplete: false, removeOnFail: false, stackTraceLimit: 1 } as const;

/**
 * A processor settles whatever happens and does not throw; should it throw all the same (Redis away in the wrong moment), the
 * job comes back after a pause rather than fail with its edges unresolved. What bounds it is limits.claims.
 */
const returning = { attempts: 1_000_000, backoff: { type: 'fixed', delay: 1_000, jitter: 0.5 } } as const;

type Entry = ReturnType<Job['toFlowEntry']>;

/**
 * Adds a plan to BullMQ as one multi-parent flow: a job per task and a root, atomically. Submitting twice, also after a crash at
 * any point, leaves one flow. One submitter at a time per run: it is called from the run's plan job.
 */
export async function submitFlow(flow: Flow, run: string, graph: FlowGraph): Promise<void> {
  await presetEdges(flow, graph);
  await flow.takeTurn(() => addJobs(flow, entriesOf(flow, run, graph)));
}

async function addJobs(flow: Flow, entries: readonly Entry[]): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const missing = await withoutPresent(flow, entries);
    if (missing.length === 0) return;
    try {
      return throwOnBadReply(await flow.submitQueue.getBackend().addFlow(missing));
    } catch (error) {
      if (attempt === TRIES) throw new BatonError('store_unavailable', undefined, { cause: error });
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
  const rootOptions = { jobId: graph.root.id, ...kept, ...returning };
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
    ...kept,
    ...returning,
  };
  return new Job(flow.queue(node.job.queue), node.task.task_id, data, options, node.job.id).toFlowEntry({
    addToWaitingChildren: node.waitsFor.length > 0,
    parentKey,
    parentDependenciesKey: `${parentKey}:dependencies`,
  });
}

/** Re-adding a job that has failed would re-arm an edge that never resolves, so a job that exists is not added again. */
async function withoutPresent({ store }: Flow, entries: readonly Entry[]): Promise<Entry[]> {
  const pipeline = store.redis.pipeline();
  for (const entry of entries) pipeline.exists(store.keys.job(entry.queueName, entry.jobId));
  const replies = (await pipeline.exec()) ?? [];
  const failed = replies.find(([error]) => error !== null)?.[0];
  if (failed) throw new BatonError('store_unavailable', undefined, { cause: failed });
  return entries.filter((_, index) => replies[index]?.[1] === 0);
}

/** BullMQ looks at the first reply only: a job that was not added would be missed. */
function throwOnBadReply(replies: readonly unknown[] | null): void {
  for (const reply of replies ?? []) {
    const [error, value] = reply as [Error | null, string | number]; // ioredis's form of an EXEC reply
    if (error) throw error;
    if (typeof value === 'number' && value < 0)
      throw new BatonError('internal', `bullmq answered ${value} to a flow's job`);
  }
}

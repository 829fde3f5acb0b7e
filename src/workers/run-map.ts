// A map task: its job adds one child per item and steps out; when all of them have ended it comes back and gathers their texts.
import { randomUUID } from 'node:crypto';
import { BatonError } from '../contracts/error.ts';
import { ORCHESTRATOR } from '../contracts/ids.ts';
import { limits } from '../contracts/limits.ts';
import type { TaskResult } from '../contracts/result.ts';
import type { Child } from '../contracts/spawn.ts';
import type { Verdict } from '../contracts/verdict.ts';
import { addChildren } from '../flow/add-children.ts';
import { loadResultsOf } from '../journal/load-results.ts';
import { loadChildren } from '../journal/load-spawned.ts';
import { measureResults, OUTPUT_BYTES } from '../journal/measure-results.ts';
import { recordChildren } from '../journal/spawn.ts';
import { childrenOf } from '../plan/map-children.ts';
import { mapItems } from '../plan/map-items.ts';
import { collectChildren } from '../plan/map-result.ts';
import { settleOrAsk } from './approval.ts';
import { type Claimed, claimWork, type Work } from './attempt.ts';
import { refusalOf, verdictWithoutAttempt } from './refusal.ts';
import { sayWhole } from './say-whole.ts';
import { completedResult, unfinishedResult } from './task-result.ts';

/** How soon a map task looks again whose children are under way although its job does not wait for them. */
const LOOK_AGAIN_MS = 1_000;

/** Runs a map task: the first time its children are decided, later they are gathered. */
export async function runMap(work: Work): Promise<Verdict> {
  const children = await loadChildren(work.tools.flow.store, work.data.run_id, work.data.task.task_id);
  return children === undefined ? expand(work) : collect(work, children);
}

async function expand(work: Work): Promise<Verdict> {
  const started = {
    name: 'task.started',
    agent_id: ORCHESTRATOR,
    data: 'Reading the list...',
    detail: { worker: work.tools.worker },
  } as const;
  const claimed = await claimWork(work, { token: randomUUID(), announce: [started] });
  if (!('claim' in claimed)) return verdictWithoutAttempt(work, claimed);
  const refused = refusalOf(claimed)?.result;
  if (refused !== undefined) return record(claimed, refused);
  try {
    return await spawn(claimed);
  } catch (thrown) {
    if (!(thrown instanceof BatonError) || thrown.code !== 'map_invalid') throw thrown;
    return fail(claimed, thrown);
  }
}

async function spawn(claimed: Claimed): Promise<Verdict> {
  const { work, claim, entry } = claimed;
  const { task, run_id: run } = work.data;
  const items = mapItems(task, await loadSource(claimed));
  if (items.length === 0) return complete(claimed, '[]');
  const children = childrenOf({ task, job: work.job, inputs: entry.inputs }, items);
  const spawning = { run, task: task.task_id, epoch: claim.epoch, children };
  const decided = await recordChildren(work.tools.flow.store, spawning);
  return decided === undefined ? { kind: 'again', delayMs: 0 } : waitFor(work, decided);
}

/** The dependency that has the list, whole: a claim shortens long texts. */
async function loadSource({ work, claim }: Claimed): Promise<Claimed['claim']['inputs']> {
  const { task, run_id: run } = work.data;
  const source = task.map !== undefined && 'task' in task.map.over ? task.map.over.task : undefined;
  if (source === undefined || claim.inputs.get(source) === undefined) return claim.inputs;
  return loadResultsOf(work.tools.flow.store, run, [source]);
}

/** A worker may have died after the decision: every child that has no job gets one. */
async function waitFor(work: Work, children: readonly Child[]): Promise<Verdict> {
  await addChildren(work.tools.flow, { data: work.data, job: work.job, priority: work.priority, children });
  return { kind: 'wait', elseMs: LOOK_AGAIN_MS };
}

async function collect(work: Work, children: readonly Child[]): Promise<Verdict> {
  const ids = children.map(({ task }) => task.task_id);
  const { settled, longBytes } = await measureResults(work.tools.flow.store, work.data.run_id, ids);
  if (settled < ids.length) return waitFor(work, children);
  const claimed = await claimWork(work, { token: randomUUID(), announce: [] });
  if (!('claim' in claimed)) return verdictWithoutAttempt(work, claimed);
  const refused = refusalOf(claimed)?.result;
  if (refused !== undefined) return record(claimed, refused);
  return longBytes > OUTPUT_BYTES ? fail(claimed, new BatonError('output_too_large')) : gather(claimed, ids);
}

async function gather(claimed: Claimed, ids: readonly string[]): Promise<Verdict> {
  const { tools, data } = claimed.work;
  const found = await loadResultsOf(tools.flow.store, data.run_id, ids);
  const results = ids.flatMap((id) => found.get(id) ?? []);
  const collected = collectChildren(results, { on_item_failure: data.task.map?.on_item_failure ?? 'partial' });
  if (collected.kind === 'failed') return fail(claimed, new BatonError('map_failed', collected.message));
  if (collected.response.length <= limits.outputChars) return complete(claimed, collected.response);
  return fail(claimed, new BatonError('output_too_large'));
}

function fail(claimed: Claimed, reason: BatonError): Promise<Verdict> {
  const { tools, data } = claimed.work;
  tools.report({ run: data.run_id, task: data.task.task_id, error: reason });
  return record(claimed, unfinishedResult(headOf(claimed), 'failed', reason));
}

async function complete(claimed: Claimed, response: string): Promise<Verdict> {
  const delivery = { response, confidence: null, usage: null, truncated: false };
  const result = { ...completedResult(headOf(claimed), delivery), streaming_mode: 'static' as const };
  await sayWhole(claimed, result);
  return record(claimed, result);
}

function headOf({ work, claim }: Claimed) {
  return { task: work.data.task.task_id, epoch: claim.epoch, agent: undefined, latencyMs: claim.elapsedMs };
}

function record({ work, claim }: Claimed, result: TaskResult): Promise<Verdict> {
  return settleOrAsk(work, { epoch: claim.epoch, result });
}

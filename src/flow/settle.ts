import { setTimeout as pause } from 'node:timers/promises';
import type { EventDraft } from '../contracts/event.ts';
import type { JobRef } from '../contracts/job.ts';
import type { TaskResult } from '../contracts/result.ts';
import { eventArgs } from '../journal/event-codec.ts';
import { toEnvelope } from '../journal/result-codec.ts';
import { loadScript, runScript, type Script, type ScriptCall } from '../journal/script.ts';
import type { Store } from '../journal/store.ts';
import { releaseCall, releaseScript } from './release.ts';

const script = loadScript(new URL('./settle.lua', import.meta.url));

const PAUSE_MS = 50;
const PAUSE_MAX_MS = 2_000;

export type Settlement = {
  readonly run: string;
  readonly epoch: number;
  readonly result: TaskResult;
  readonly event: EventDraft;
  readonly job: JobRef;
  /** Dependents beyond the first: BullMQ resolves the first one with the job's completion. */
  readonly edges: readonly JobRef[];
  readonly tree: boolean;
};

/** `recorded` is ours or an equal repeat; `other`: a result was recorded before; `stale`: a newer attempt owns the task. */
export type Settled = 'recorded' | 'other' | 'stale';

/**
 * Records a result and releases what waited for it, in one MULTI. Repeats until Redis has taken it (loading, full, read-only and
 * a lost script cache pass), unless `signal` says that the task is not ours any more: a settlement given up leaves edges
 * unresolved, while every repeat is harmless.
 */
export async function settleTask(store: Store, settlement: Settlement, signal: AbortSignal): Promise<Settled> {
  const call = settleCall(store, settlement);
  for (let attempt = 1; ; attempt += 1) {
    try {
      return outcomeOf(await execute(store, settlement, call));
    } catch (error) {
      if (signal.aborted) throw error;
      await pause(Math.min(PAUSE_MAX_MS, PAUSE_MS * attempt));
      await reload(store);
    }
  }
}

function settleCall({ keys }: Store, { run, epoch, result, event, job, edges, tree }: Settlement): ScriptCall {
  const names = keys.run(run);
  const { envelope, text } = toEnvelope(result);
  const shown =
    result.status === 'failed' ? (result.error?.message ?? 'failed') : JSON.stringify({ status: result.status });
  return {
    keys: [
      ...[names.run, names.tasks, names.results, names.events, names.text(result.task_id)],
      ...edges.map(({ queue, id }) => keys.job(queue, id)),
    ],
    args: [
      ...[result.task_id, epoch, JSON.stringify(envelope), text ?? '', keys.job(job.queue, job.id), result.status],
      ...[tree ? shown : '', ...eventArgs(event)],
    ],
  };
}

/** A task without further dependents needs one plain call; others one MULTI of settle and a release for each. */
async function execute({ redis, keys }: Store, { edges }: Settlement, call: ScriptCall): Promise<unknown> {
  if (edges.length === 0) return runScript(redis, script, call);
  const multi = redis.multi();
  const add = (what: Script, { keys: names, args }: ScriptCall) =>
    multi.evalsha(what.sha, names.length, ...names, ...args);
  add(script, call);
  for (const edge of edges) add(releaseScript, releaseCall(keys, edge, Date.now()));
  const replies = (await multi.exec()) ?? [];
  for (const [error] of replies) if (error) throw error;
  return replies[0]?.[1];
}

/** Puts the scripts back. When Redis is away this fails as well, and the next attempt finds out. */
async function reload({ redis }: Store): Promise<void> {
  await Promise.allSettled([script, releaseScript].map(({ lua }) => redis.script('LOAD', lua)));
}

function outcomeOf(code: unknown): Settled {
  return code === 1 ? 'recorded' : code === 0 ? 'other' : 'stale';
}

import type { EventDraft } from '../contracts/event.ts';
import type { JobRef } from '../contracts/job.ts';
import { ResultEnvelope, type TaskResult } from '../contracts/result.ts';
import { eventArgs } from '../journal/event-codec.ts';
import { toEnvelope, toResult } from '../journal/result-codec.ts';
import { retry } from '../journal/retry.ts';
import { isScriptMissing, loadScript, runScript, type Script, type ScriptCall } from '../journal/script.ts';
import type { Store } from '../journal/store.ts';
import { releaseCall, releaseScript } from './release.ts';

const script = loadScript(new URL('./settle.lua', import.meta.url));

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

/** The result that counts: ours, or the one recorded before it. Undefined: a newer attempt owns the task. */
export type Settled = TaskResult | undefined;

/**
 * Records a result and releases what waited for it, in one MULTI. Repeats while Redis is away, loading, full or read-only, and
 * puts back lost scripts: every repeat is harmless, while a settlement given up leaves edges unresolved. Only its process's end
 * interrupts it; the job then comes back, and releaseDependents makes good.
 */
export async function settleTask(store: Store, settlement: Settlement): Promise<Settled> {
  const call = settleCall(store, settlement);
  return parse(settlement.result, await insist(store, settlement.edges, call));
}

/** Releases the dependents of a task whose result is recorded, should its worker have died before it could. */
export async function releaseDependents(store: Store, edges: readonly JobRef[]): Promise<void> {
  if (edges.length > 0) await insist(store, edges, undefined);
}

/** Repeats a settlement's commands while that can help; nothing but the end of the process ends it sooner. */
function insist(store: Store, edges: readonly JobRef[], call: ScriptCall | undefined): Promise<unknown> {
  const send = async (): Promise<unknown> => {
    try {
      return await execute(store, edges, { call, by: 'digest' });
    } catch (error) {
      if (!isScriptMissing(error)) throw error;
      return await execute(store, edges, { call, by: 'text' }); // Redis has lost a script: what was done is not done twice
    }
  };
  return retry(send, { redis: store.redis, signal: new AbortController().signal });
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

type Sending = { readonly call: ScriptCall | undefined; readonly by: 'digest' | 'text' };

/** A task without further dependents needs one plain call; others one MULTI of settle and a release for each. */
async function execute({ redis, keys }: Store, edges: readonly JobRef[], { call, by }: Sending): Promise<unknown> {
  if (edges.length === 0 && call !== undefined) return runScript(redis, script, call);
  const multi = redis.multi();
  const add = (what: Script, { keys: names, args }: ScriptCall) =>
    by === 'digest'
      ? multi.evalsha(what.sha, names.length, ...names, ...args)
      : multi.eval(what.lua, names.length, ...names, ...args);
  if (call !== undefined) add(script, call);
  for (const edge of edges) add(releaseScript, releaseCall(keys, edge, Date.now()));
  const replies = (await multi.exec()) ?? [];
  for (const [error] of replies) if (error) throw error;
  return replies[0]?.[1];
}

function parse(own: TaskResult, reply: unknown): Settled {
  const [code, envelope] = reply as [number, string]; // the script returns nothing else
  if (code === -1) return undefined;
  return code === 1 ? own : toResult(ResultEnvelope.parse(JSON.parse(envelope)), null);
}

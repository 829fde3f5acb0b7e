import type { EventDraft } from '../contracts/event.ts';
import type { JobRef } from '../contracts/job.ts';
import { ResultEnvelope, type TaskResult } from '../contracts/result.ts';
import { eventArgs } from '../journal/event-codec.ts';
import { toEnvelope, toResult } from '../journal/result-codec.ts';
import { retry } from '../journal/retry.ts';
import { runScript, type ScriptCall } from '../journal/script.ts';
import type { Store } from '../journal/store.ts';
import { loadReleasingScript } from './release.ts';

const script = loadReleasingScript(new URL('./settle.lua', import.meta.url));

export type Settlement = {
  readonly run: string;
  readonly epoch: number;
  readonly result: TaskResult;
  /** What is said with it, in order; the result's own event last. Short texts only: they are not counted as the stream's bytes. */
  readonly events: readonly EventDraft[];
  readonly job: JobRef;
  /** Dependents beyond the first: BullMQ resolves the first one with the job's completion. */
  readonly edges: readonly JobRef[];
  readonly tree: boolean;
};

/** The result that counts: ours, or the one recorded before it. Undefined: a newer attempt owns the task. */
export type Settled = TaskResult | undefined;

/**
 * Records a result and releases what waited for it, in one script. Repeats while Redis is away, loading, full or read-only, and
 * sends lost scripts again: every repeat is harmless, while a settlement given up leaves edges unresolved. Only its process's end
 * interrupts it; either nothing of it was done then, or all.
 */
export async function settleTask(store: Store, settlement: Settlement): Promise<Settled> {
  return parse(settlement.result, await insist(store, settleCall(store, settlement)));
}

/** Repeats the script while that can help; nothing but the end of the process ends it sooner. */
function insist({ redis }: Store, call: ScriptCall): Promise<unknown> {
  return retry(() => runScript(redis, script, call), { redis, signal: new AbortController().signal });
}

function settleCall(store: Store, settlement: Settlement): ScriptCall {
  const { run, epoch, result, events, job, edges, tree } = settlement;
  const { keys } = store;
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
      ...[tree ? shown : '', Date.now(), events.length, ...events.flatMap(eventArgs), ...placesOf(store, edges)],
    ],
  };
}

/** What BullMQ's script wants of each dependent beside its key. */
function placesOf({ keys }: Store, edges: readonly JobRef[]): readonly string[] {
  return edges.flatMap(({ queue, id }) => [keys.queue(queue), id]);
}

function parse(own: TaskResult, reply: unknown): Settled {
  const [code, envelope] = reply as [number, string]; // the script returns nothing else
  if (code === -1) return undefined;
  return code === 1 ? own : toResult(ResultEnvelope.parse(JSON.parse(envelope)), null);
}

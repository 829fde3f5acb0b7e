import type { EventDraft } from '../contracts/event.ts';
import type { Edge, JobRef } from '../contracts/job.ts';
import { ResultEnvelope, type TaskResult } from '../contracts/result.ts';
import type { Stop } from '../contracts/run.ts';
import { eventArgs } from '../journal/event-codec.ts';
import { toEnvelope, toResult } from '../journal/result-codec.ts';
import { retry } from '../journal/retry.ts';
import { runScript, type ScriptCall } from '../journal/script.ts';
import type { Store } from '../journal/store.ts';
import { loadReleasingScript } from './release.ts';

const script = loadReleasingScript(new URL('./settle.lua', import.meta.url), [
  new URL('./park.lua', import.meta.url),
  new URL('./join.lua', import.meta.url),
]);

export type Settlement = {
  readonly run: string;
  readonly epoch: number;
  readonly result: TaskResult;
  /** What is said with it, in order; the result's own event last. Short texts only: they are not counted as the stream's bytes. */
  readonly events: readonly EventDraft[];
  readonly job: JobRef;
  /** Dependents whose edge is ours: BullMQ resolves the first one with the job's completion, unless a join counts it. */
  readonly edges: readonly Edge[];
  readonly tree: boolean;
  /** What the run is told when this task did not complete; undefined lets it go on. */
  readonly stop: Stop | undefined;
};

/** A join that goes on when its grace is over, at `dueAt` by the clock of whoever filled its quota. */
export type Grace = { readonly join: string; readonly dueAt: number };

export type Settled = {
  /** The result that counts: ours, or the one recorded before it. */
  readonly result: TaskResult;
  readonly graces: readonly Grace[];
};

/**
 * Records a result and releases what waited for it, in one script. Repeats while Redis is away, loading, full or read-only, and
 * sends lost scripts again: every repeat is harmless, while a settlement given up leaves edges unresolved. Only its process's end
 * interrupts it; either nothing of it was done then, or all. Undefined: a newer attempt owns the task.
 */
export async function settleTask(store: Store, settlement: Settlement): Promise<Settled | undefined> {
  return parse(settlement.result, await insist(store, settleCall(store, settlement)));
}

/** Repeats the script while that can help; nothing but the end of the process ends it sooner. */
function insist({ redis }: Store, call: ScriptCall): Promise<unknown> {
  return retry(() => runScript(redis, script, call), { redis, signal: new AbortController().signal });
}

function settleCall(store: Store, settlement: Settlement): ScriptCall {
  const { run, epoch, result, events, job, edges, tree, stop } = settlement;
  const { keys } = store;
  const names = keys.run(run);
  const { envelope, text } = toEnvelope(result);
  return {
    keys: [
      ...[names.run, names.tasks, names.results, names.events, names.text(result.task_id)],
      ...[names.joins, names.parked, names.spawned, names.asks, keys.interrupts],
      ...edges.map(({ queue, id }) => keys.job(queue, id)),
    ],
    args: [
      ...[result.task_id, epoch, JSON.stringify(envelope), text ?? '', keys.job(job.queue, job.id)],
      ...[tree ? shownOf(result) : '', Date.now(), stop === undefined ? '' : JSON.stringify(stop)],
      ...[keys.cancelChannel, run, events.length, ...events.flatMap(eventArgs)],
      ...edges.flatMap(({ queue, id, join }) => [keys.queue(queue), id, join ?? '']),
    ],
  };
}

/** What bull-board's tree says of it. */
function shownOf({ status, error }: TaskResult): string {
  return status === 'failed' ? (error?.message ?? 'failed') : JSON.stringify({ status });
}

function parse(own: TaskResult, reply: unknown): Settled | undefined {
  const [code, envelope, ...timers] = reply as [number, string, ...string[]]; // the script returns nothing else
  if (code === -1) return undefined;
  const result = code === 1 ? own : toResult(ResultEnvelope.parse(JSON.parse(envelope)), null);
  const graces = timers.flatMap((join, at) => (at % 2 === 0 ? [{ join, dueAt: Number(timers[at + 1]) }] : []));
  return { result, graces };
}

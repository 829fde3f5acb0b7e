import { ResultEnvelope, type TaskResult } from '../contracts/result.ts';
import type { Settlement } from '../contracts/verdict.ts';
import { eventArgs } from '../journal/event-codec.ts';
import { toEnvelope, toResult } from '../journal/result-codec.ts';
import { retry } from '../journal/retry.ts';
import { runScript, type Script, type ScriptCall } from '../journal/script.ts';
import type { Store } from '../journal/store.ts';
import { loadFlowScript } from './flow-script.ts';

const script = loadFlowScript('settle-task', ['release', 'park', 'join', 'settle']);

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
  return parse(settlement.result, await insist(store, script, settleCall(store, settlement)));
}

/** Repeats the script while that can help; nothing but the end of the process ends it sooner. */
export function insist({ redis }: Store, script: Script, call: ScriptCall): Promise<unknown> {
  return retry(() => runScript(redis, script, call), { redis, signal: new AbortController().signal });
}

/** What settle.lua is given. */
export function settleCall(store: Store, settlement: Settlement): ScriptCall {
  const { run, epoch, result, events, job, edges, tree, stop } = settlement;
  const { keys } = store;
  const names = keys.run(run);
  const { envelope, text } = toEnvelope(result);
  return {
    keys: [
      ...[names.run, names.tasks, names.results, names.events, names.text(result.task_id)],
      ...[names.joins, names.parked, names.spawned, names.asks, keys.interrupts, names.patches],
      ...edges.map(({ queue, id }) => keys.job(queue, id)),
    ],
    args: [
      ...[result.task_id, epoch, JSON.stringify(envelope), text ?? '', keys.job(job.queue, job.id)],
      ...[tree ? shownOf(result) : '', Date.now(), stop === undefined ? '' : JSON.stringify(stop)],
      ...[keys.controlChannel, run, events.length, ...events.flatMap(eventArgs)],
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

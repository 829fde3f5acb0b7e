// The reconciler: finds runs that do not go on by themselves, and removes those whose time is over. One process at a time does it.
import { randomUUID } from 'node:crypto';
import type { Flow } from '../../flow/flow.ts';
import { leaveLead, takeLead } from '../../journal/lease.ts';
import { type Retention, removeOldRuns } from '../retention.ts';
import { findingsOf } from './findings.ts';
import { inspectRun } from './inspect-run.ts';
import { mend } from './mend.ts';

/** Runs that one sweep looks at; the next one goes on behind them. */
const RUNS_PER_SWEEP = 500;
/** A lead is renewed each period and lapses when three of them were missed. */
const LEAD_PERIODS = 3;
const LEAD_MIN_MS = 3_000;

export type ReconcilerOptions = {
  readonly flow: Flow;
  readonly periodMs: number;
  readonly retention: Retention;
  /** Hears of each repair, and of sweeps that failed. */
  readonly onMended: (repair: { readonly run: string; readonly finding: string }) => void;
  readonly onError: (error: unknown) => void;
};

/** Looks at the open runs every period, for as long as it is open. */
export function openReconciler(options: ReconcilerOptions): AsyncDisposable {
  const holder = randomUUID();
  const sweep = openSweeper(options);
  let sweeping: Promise<void> | undefined;
  const work = async (): Promise<void> => {
    const leadMs = Math.max(LEAD_MIN_MS, LEAD_PERIODS * options.periodMs);
    if (await takeLead(options.flow.store, holder, leadMs)) await sweep();
  };
  const timer = setInterval(() => {
    sweeping ??= work()
      .catch(options.onError)
      .finally(() => {
        sweeping = undefined;
      });
  }, options.periodMs);
  return {
    [Symbol.asyncDispose]: async () => {
      clearInterval(timer);
      await sweeping;
      await leaveLead(options.flow.store, holder).catch(options.onError);
    },
  };
}

/** One sweep after the other, each over the runs that follow those of the one before. */
export function openSweeper({ flow, periodMs, retention, onMended, onError }: ReconcilerOptions): () => Promise<void> {
  let place = 0;
  return async () => {
    const { redis, keys } = flow.store;
    const oldEnough = Date.now() - periodMs;
    const runs = await redis.zrangebyscore(keys.openRuns, '-inf', oldEnough, 'LIMIT', place, RUNS_PER_SWEEP);
    place = runs.length < RUNS_PER_SWEEP ? 0 : place + RUNS_PER_SWEEP;
    for (const run of runs) await reconcileRun(flow, run, onMended).catch(onError);
    await removeOldRuns(flow, retention);
  };
}

async function reconcileRun(flow: Flow, run: string, onMended: ReconcilerOptions['onMended']): Promise<void> {
  const inspection = await inspectRun(flow, run);
  if (inspection === undefined) {
    await flow.store.redis.zrem(flow.store.keys.openRuns, run);
    return;
  }
  for (const finding of findingsOf(inspection)) {
    await mend({ flow, run, inspection }, finding);
    onMended({ run, finding: finding.kind });
  }
}

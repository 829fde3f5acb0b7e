// The reconciler: finds runs that do not go on by themselves, and removes those whose time is over. One process at a time does it.
import { randomUUID } from 'node:crypto';
import type { Flow } from '../../flow/flow.ts';
import { leaveLease, takeLease } from '../../journal/lease.ts';
import { settledWithin } from '../../journal/settled-within.ts';
import { SPAWNED_START, sweepSpawned } from '../../registry/spawn-retire.ts';
import { removeEndedRun } from '../remove-run.ts';
import { type Retention, removeOldRuns } from '../retention.ts';
import { dropOrphanQuestions, QUESTIONS_START } from './drop-orphan-questions.ts';
import { findingsOf } from './findings.ts';
import { inspectRun } from './inspect-run.ts';
import { mend } from './mend.ts';

/** Runs that one sweep looks at; the next one goes on behind them. */
const RUNS_PER_SWEEP = 500;
/** A lead is renewed each period and lapses when three of them were missed. */
const LEAD_PERIODS = 3;
const LEAD_MIN_MS = 3_000;
/** What closing waits for, and Redis does not give, is left behind. */
const CLOSE_MS = 1_000;

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
  const { redis, keys } = options.flow.store;
  const lead = { redis, key: keys.leader, holder: randomUUID() };
  const closing = new AbortController();
  const sweep = openSweeper(options);
  let sweeping: Promise<void> | undefined;
  const work = async (): Promise<void> => {
    const leadMs = Math.max(LEAD_MIN_MS, LEAD_PERIODS * options.periodMs);
    if (await takeLease(lead, leadMs)) await sweep(closing.signal);
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
      closing.abort();
      await settledWithin(CLOSE_MS, sweeping);
      await settledWithin(CLOSE_MS, leaveLease(lead)); // with Redis away the lead lapses by itself
    },
  };
}

/** One sweep after the other, each over the runs that follow those of the one before. A signal ends one between two runs. */
export function openSweeper(options: ReconcilerOptions): (signal?: AbortSignal) => Promise<void> {
  const { flow, periodMs, retention, onError } = options;
  let place = 0;
  let questions = QUESTIONS_START;
  let spawned = SPAWNED_START;
  return async (signal) => {
    const { redis, keys } = flow.store;
    const oldEnough = Date.now() - periodMs;
    const runs = await redis.zrangebyscore(keys.openRuns, '-inf', oldEnough, 'LIMIT', place, RUNS_PER_SWEEP);
    place = runs.length < RUNS_PER_SWEEP ? 0 : place + RUNS_PER_SWEEP;
    for (const run of runs) if (signal?.aborted !== true) await reconcileRun(options, run).catch(onError);
    questions = await dropOrphanQuestions(flow.store, questions);
    spawned = await sweepSpawned(flow.store, spawned);
    await removeOldRuns(flow, retention, { onError, signal });
  };
}

async function reconcileRun({ flow, onMended }: ReconcilerOptions, run: string): Promise<void> {
  const inspection = await inspectRun(flow, run);
  if (inspection === undefined) return void (await removeEndedRun(flow, run)); // its record is lost: what names it goes too
  for (const finding of findingsOf(inspection)) {
    await mend({ flow, run, inspection }, finding);
    onMended({ run, finding: finding.kind });
  }
}

import { randomUUID } from 'node:crypto';
import type { Spending } from '../contracts/budget.ts';
import { BatonError } from '../contracts/error.ts';
import { commit, release } from './commit.ts';
import { type PaidCall, type Reservation, type Reserved, reserve } from './reserve.ts';
import { pause } from './retry.ts';
import type { Store } from './store.ts';

/** How often, and how long, a call within an attempt waits for what other calls have set aside. */
const LOOK_AGAIN_MS = 250;
const WAIT_MS = 30_000;

/** What is set aside for one call. Its end without a commit gives it back, so nothing is left over on any way out. */
export type Funds = AsyncDisposable & { commit(spent: Spending): Promise<void> };

/** The funds of a call that has been granted. */
export function heldFunds(store: Store, call: PaidCall): Funds {
  let open = true;
  return {
    commit: async (spent) => {
      await commit(store, call, spent);
      open = false;
    },
    [Symbol.asyncDispose]: async () => {
      if (open) await release(store, call);
    },
  };
}

export type FundsRequest = Omit<Reservation, 'call' | 'epoch'> & {
  readonly epoch: number;
  readonly signal: AbortSignal;
};

/**
 * Sets aside what a call within a running attempt may cost. Throws budget_exhausted (also when others kept what is left for too
 * long), lock_lost when a newer attempt owns the task, cancelled when the run goes on no more, or the signal's reason.
 */
export async function openFunds(store: Store, { signal, ...request }: FundsRequest): Promise<Funds> {
  const call = { ...request, call: randomUUID() };
  const deadline = performance.now() + WAIT_MS;
  let answer = await reserve(store, call);
  while (answer === 'wait' && performance.now() < deadline) {
    await pause(LOOK_AGAIN_MS, signal);
    signal.throwIfAborted();
    answer = await reserve(store, call);
  }
  if (answer === 'granted') return heldFunds(store, call);
  throw new BatonError(refusals[answer]);
}

const refusals = {
  free: 'cancelled',
  wait: 'budget_exhausted',
  exhausted: 'budget_exhausted',
  stale: 'lock_lost',
} as const satisfies Record<Exclude<Reserved, 'granted'>, string>;

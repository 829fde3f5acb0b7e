import type { Spending } from '../contracts/budget.ts';
import { ORCHESTRATOR } from '../contracts/ids.ts';
import { loadLedgerScript, toMicroDollars } from './ledger.ts';
import type { PaidCall } from './reserve.ts';
import { retry } from './retry.ts';
import { runScript } from './script.ts';
import type { Store } from './store.ts';

const script = loadLedgerScript(new URL('./commit.lua', import.meta.url));

/**
 * Enters what a call has cost into its run's ledger, once, with budget.updated. Repeats while Redis is away, as settle does: what
 * was not entered would make the task call, and pay, again.
 */
export async function commit(store: Store, call: PaidCall, spent: Spending): Promise<void> {
  await retry(() => send(store, call, [spent.tokens, toMicroDollars(spent.cost)]), {
    redis: store.redis,
    signal: new AbortController().signal,
  });
}

/** Gives back what was set aside for a call of which nobody knows that it cost something. */
export async function release(store: Store, call: PaidCall): Promise<void> {
  await send(store, call, ['', '']);
}

function send({ redis, keys }: Store, { run, task, call }: PaidCall, spent: readonly (string | number)[]) {
  const names = keys.run(run);
  return runScript(redis, script, {
    keys: [names.run, names.tasks, names.results, names.budget, names.events],
    args: [task, call, ...spent, 'budget.updated', ORCHESTRATOR],
  });
}

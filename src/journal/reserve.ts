import { z } from 'zod';
import type { Spending } from '../contracts/budget.ts';
import { loadLedgerScript, toMicroDollars } from './ledger.ts';
import { runScript } from './script.ts';
import type { Store } from './store.ts';

const script = loadLedgerScript(new URL('./reserve.lua', import.meta.url));

/** One call of an agent or a model that is paid from its run's budget. */
export type PaidCall = {
  readonly run: string;
  readonly task: string;
  /** Unique to this call: whatever is sent twice for it counts once. */
  readonly call: string;
};

export type Reservation = PaidCall & {
  readonly estimate: Spending;
  /** The attempt that must own the task; undefined before it is claimed. */
  readonly epoch?: number;
};

/**
 * `granted`: the call may begin. `free`: so it may, as nothing of it is to be paid. `wait`: running calls may leave enough.
 * `exhausted`: no call begins any more. `stale`: a newer attempt owns the task.
 */
const Reserved = z.enum(['granted', 'free', 'wait', 'exhausted', 'stale']);
export type Reserved = z.infer<typeof Reserved>;

/** Sets aside what a call may cost. Whoever is granted it must commit or release it (commit.ts). */
export async function reserve({ redis, keys }: Store, reservation: Reservation): Promise<Reserved> {
  const { run, task, call, estimate, epoch } = reservation;
  const names = keys.run(run);
  const reply = await runScript(redis, script, {
    keys: [names.run, names.tasks, names.results, names.budget],
    args: [task, call, estimate.tokens, toMicroDollars(estimate.cost), epoch ?? ''],
  });
  return Reserved.parse(reply);
}

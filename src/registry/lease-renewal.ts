import type { Redis } from 'ioredis';
import { loadScript, runScript } from '../journal/script.ts';

const renewing = loadScript(new URL('./renew.lua', import.meta.url));

/** Something of an agent's that is held until it is given back, or lapses when nobody renews it: a slot, a trial. */
export type HeldLease = { readonly key: string; readonly holder: string };

/** Has these leases last `leaseMs` from now on; those that have lapsed meanwhile stay lapsed. */
export async function renewLeases(redis: Redis, leases: readonly HeldLease[], leaseMs: number): Promise<void> {
  if (leases.length === 0) return;
  await runScript(redis, renewing, {
    keys: leases.map(({ key }) => key),
    args: [leaseMs, ...leases.map(({ holder }) => holder)],
  });
}

import { defaults } from '../contracts/limits.ts';

/**
 * Milliseconds to wait before the call that follows failure number `failures` (1 for the first): exponential, bounded, and with
 * its jittered share drawn by `random` (0 to 1), so that tasks that failed together do not come back together.
 */
export function backoffMs(failures: number, random: number): number {
  const full = Math.min(defaults.backoffMaxMs, defaults.backoffMs * defaults.backoffFactor ** (failures - 1));
  return Math.round(full * (1 - defaults.backoffJitter * random));
}

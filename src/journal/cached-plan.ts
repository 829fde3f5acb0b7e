import { CachedPlan } from '../contracts/cached-plan.ts';
import type { Keys } from '../contracts/keys.ts';
import { limits } from '../contracts/limits.ts';
import { fillShelf, readShelf, type Shelf } from './shelf.ts';
import type { Store } from './store.ts';

/** Under which digest a plan is filed, and for how many milliseconds it counts. */
export type PlanFiling = { readonly digest: string; readonly ttlMs: number };

/** The plan filed there, unless it is too old at `now` (ms since 1970); undefined when there is none. */
export async function loadCachedPlan(
  { redis, keys }: Store,
  { digest, ttlMs }: PlanFiling,
  now: number,
): Promise<CachedPlan | undefined> {
  const cached = CachedPlan.safeParse(await readShelf(redis, shelfOf(keys, ttlMs), digest)).data;
  return cached === undefined || now - cached.at > ttlMs ? undefined : cached;
}

/** Files a plan. All together hold limits.planCacheBytes at most, the oldest leaving first; one beyond limits.cachedPlanBytes is not kept. */
export function saveCachedPlan({ redis, keys }: Store, { digest, ttlMs }: PlanFiling, plan: CachedPlan): Promise<void> {
  return fillShelf(redis, shelfOf(keys, ttlMs), [digest, plan]);
}

function shelfOf({ cachedPlans, cachedPlanAges, cachedPlanBytes }: Keys, ttlMs: number): Shelf {
  return {
    ...{ values: cachedPlans, ages: cachedPlanAges, bytes: cachedPlanBytes },
    ...{ ttlMs, mostBytes: limits.planCacheBytes, eachBytes: limits.cachedPlanBytes },
  };
}

import type { CachedPlan } from '../contracts/cached-plan.ts';
import type { Plan } from '../contracts/plan.ts';
import type { Usage } from '../contracts/result.ts';
import { loadCachedPlan, type PlanFiling, saveCachedPlan } from '../journal/cached-plan.ts';
import { loadHead } from '../journal/load-run.ts';
import type { Store } from '../journal/store.ts';
import { validatePlan } from '../plan/validate.ts';
import type { Made } from './approve-plan.ts';

/** For which run a plan is looked for, or filed. */
export type Filing = PlanFiling & { readonly run: string; readonly query: string };

/** A plan that the cache has for a run: its own, when its worker died after it was made, or that of another one (`cached`). */
export type FoundPlan = Pick<Made, 'plan' | 'usage' | 'cached'>;

/**
 * The plan of an equal query, unless its graph does not hold any more, or its own run did not come to a whole answer: whoever asks again
 * then wants another one. Undefined when there is none.
 */
export async function findCachedPlan(store: Store, filing: Filing): Promise<FoundPlan | undefined> {
  const now = Date.now();
  const found = await loadCachedPlan(store, filing, now);
  if (found === undefined || validatePlan(found.plan).length > 0) return undefined;
  const { run, query } = filing;
  if (found.run === run) return { plan: found.plan, usage: found.usage };
  if (await hasGoneWrong(store, found)) return undefined;
  const plan = { ...found.plan, plan_id: run, original_query: query };
  return { plan, usage: null, cached: { from: found.run, age_ms: Math.max(0, now - found.at) } };
}

/** Files a plan that was made for a run. */
export function filePlan(store: Store, filing: Filing, made: { plan: Plan; usage: Usage | null }): Promise<void> {
  const { plan, usage } = made;
  return saveCachedPlan(store, filing, { run: filing.run, at: Date.now(), plan, usage });
}

async function hasGoneWrong(store: Store, { run }: CachedPlan): Promise<boolean> {
  const head = await loadHead(store, run);
  return head?.status === 'failed' || head?.status === 'cancelled' || head?.partial === '1';
}

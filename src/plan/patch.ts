import type { Fault } from '../contracts/error.ts';
import type { Plan, SubTask } from '../contracts/plan.ts';
import type { PlanPatch } from '../contracts/plan-patch.ts';
import { applyCache } from './cache.ts';
import { applyInterrupts } from './interrupts.ts';
import { applyOwnReviews } from './own-reviews.ts';
import { addedFaults, limitFaults, replacedFaults } from './patch-faults.ts';
import { inLanes } from './patch-lanes.ts';
import type { PatchSource } from './patch-source.ts';

/** A plan with a patch; its own tasks stand from `from` to the end. */
export type PatchedPlan = { readonly plan: Plan; readonly from: number };

/**
 * Everything wrong with a patch, each fault with its place in it; empty for one that may be applied as a whole. Nothing is taken of a
 * patch with faults.
 */
export function patchFaults(source: PatchSource, patch: PlanPatch): readonly Fault[] {
  const bounds = limitFaults(source, withRunOptions(source, patch), patch);
  return [...bounds, ...addedFaults(source, patch), ...replacedFaults(source, patch)];
}

/** The plan with a patch that has no faults: nothing that was there changes, and the new tasks keep to the run's options and lanes. */
export function applyPatch(source: PatchSource, patch: PlanPatch): PatchedPlan {
  const { plan } = source;
  const added = inLanes(source, withRunOptions(source, patch), patch.supersede_pending);
  return { plan: { ...plan, sub_tasks: [...plan.sub_tasks, ...added] }, from: plan.sub_tasks.length };
}

/** The tasks of a patch with their own reviews, the questions and the cache that the run asks for. */
function withRunOptions({ plan, options }: PatchSource, { add_tasks }: PlanPatch): readonly SubTask[] {
  const own = applyOwnReviews({ ...plan, sub_tasks: [...add_tasks] });
  return applyCache(applyInterrupts(own, options), options).sub_tasks;
}

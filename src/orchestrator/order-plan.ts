import type { Plan } from '../contracts/plan.ts';
import type { Mode, ModeDecision } from '../contracts/run-options.ts';
import { loadFreeCapacity } from '../flow/capacity.ts';
import type { Flow } from '../flow/flow.ts';
import { applyMode, decideMode } from '../plan/mode.ts';

export type OrderedPlan = { readonly plan: Plan; readonly mode: ModeDecision | null };

type Ordering = {
  readonly asked: Mode;
  /** Null when it is to be decided now. */
  readonly decided: ModeDecision | null;
};

/**
 * A valid plan with the ordering edges of the mode that was asked for, and how that was decided; the plain DAG stays as it is, and
 * so does a plan that has its decision's edges already.
 */
export async function orderPlan(flow: Flow, plan: Plan, { asked, decided }: Ordering): Promise<OrderedPlan> {
  if (asked === 'dag') return { plan, mode: null };
  const mode = decided ?? decideMode({ plan, asked, freeCapacity: await loadFreeCapacity(flow) });
  return { plan: applyMode(plan, mode), mode };
}

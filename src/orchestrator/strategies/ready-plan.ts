import type { Plan } from '../../contracts/plan.ts';
import type { Strategy } from '../../contracts/strategy.ts';
import { staffed } from '../../plan/needs.ts';

/** A plan that came with its run: as it is, or with the specialists that its tasks need when a team was asked for. */
export function readyPlan(plan: Plan, strategy: Strategy | undefined): Plan {
  if (strategy?.name !== 'team' || plan.strategy !== undefined) return plan;
  return { ...staffed(plan), strategy: { asked: 'team', used: 'team', reason: '' } };
}

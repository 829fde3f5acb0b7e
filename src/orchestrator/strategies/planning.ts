import type { Plan } from '../../contracts/plan.ts';
import type { Usage } from '../../contracts/result.ts';
import type { Strategy, StrategyDecision } from '../../contracts/strategy.ts';
import type { Template } from '../../contracts/template.ts';
import type { Compiled, StrategyFrame } from '../../plan/strategy-plan.ts';
import type { PlanQueryOptions } from '../planner/plan-query.ts';
import type { Made } from './ask-twice.ts';

/** All that a strategy makes its plan from. */
export type Planning = PlanQueryOptions & {
  readonly strategy: Strategy;
  /** The templates as they stand now. */
  readonly loadTemplates: () => Promise<readonly Template[]>;
};

/** A plan, what it cost, and why it is of this form. */
export type Planned = { readonly plan: Plan; readonly usage: Usage | null; readonly reason: string };

/** What is taken from the run. */
export function frameOf({ planId = '', query }: Planning): StrategyFrame {
  return { planId, query };
}

/** A compiled plan whose graph holds. */
export function checked({ validate }: Planning, compiled: Compiled): Made<Plan> {
  if (!compiled.ok) return compiled;
  const faults = validate(compiled.plan);
  return faults.length === 0 ? { ok: true, value: compiled.plan } : { ok: false, faults };
}

/** The plan with how it came about. */
export function signed({ strategy }: Planning, used: StrategyDecision['used'], { plan, reason }: Planned): Plan {
  const about = reason.replace(/\s+/g, ' ').trim().slice(0, 1_000);
  return { ...plan, strategy: { asked: strategy.name, used, reason: about } };
}

import { type Fault, faultsOf } from '../contracts/error.ts';
import { Plan } from '../contracts/plan.ts';

/** What every strategy's plan takes from its run. */
export type StrategyFrame = { readonly planId: string; readonly query: string };

/** A plan, or what keeps a model's answer from being one. */
export type Compiled =
  | { readonly ok: true; readonly plan: Plan }
  | { readonly ok: false; readonly faults: readonly Fault[] };

type Parts = {
  readonly reasoning?: string;
  readonly sub_tasks: readonly object[];
  readonly answer?: Plan['answer'];
};

/** The parts as a plan in the contract's shape. */
export function compiledPlan({ planId, query }: StrategyFrame, { answer, ...parts }: Parts): Compiled {
  const draft = { plan_id: planId, original_query: query, ...parts, ...(answer && { answer }) };
  const parsed = Plan.safeParse(draft);
  return parsed.success ? { ok: true, plan: parsed.data } : { ok: false, faults: faultsOf(parsed.error) };
}

import type { Capability } from '../contracts/agent.ts';
import { limits } from '../contracts/limits.ts';
import { type Compiled, compiledPlan, type StrategyFrame } from './strategy-plan.ts';

/** Who takes a query: one agent, or whoever the registry finds for a capability; what it is given, and why. */
export type Route = {
  readonly agent: string | null;
  readonly capability: Capability;
  readonly input: Readonly<Record<string, unknown>>;
  readonly reason: string;
};

/** One task, whose text is the answer: nobody merges what is one piece (mission D2). */
export function routePlan(frame: StrategyFrame, { agent, capability, input, reason }: Route): Compiled {
  const task = {
    task_id: 't1',
    description: frame.query.slice(0, limits.descriptionChars),
    required_capability: capability,
    input_data: input,
    ...(agent !== null && { agent }),
  };
  return compiledPlan(frame, { reasoning: reason, sub_tasks: [task], answer: { from: 't1' } });
}

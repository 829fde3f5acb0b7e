import type { Capability } from '../contracts/agent.ts';
import { type Compiled, compiledPlan, type StrategyFrame } from './strategy-plan.ts';

/** What is done next, and by whom: one agent, or whoever the registry finds for the capability. */
export type SequenceStep = {
  readonly agent: string | null;
  readonly capability: Capability;
  readonly description: string;
  readonly input: Readonly<Record<string, unknown>>;
};

const MAX_STEPS = 20;

/**
 * Steps one after the other, each with the results of all before it, by their steps: one agent may do several (mission D1). Faults:
 * none, or more than 20.
 */
export function sequencePlan(frame: StrategyFrame, steps: readonly SequenceStep[], reason: string): Compiled {
  const message = `expected 1 to ${MAX_STEPS} steps, not ${steps.length}`;
  if (steps.length === 0 || steps.length > MAX_STEPS) return { ok: false, faults: [{ path: 'steps', message }] };
  const ids = steps.map((_, at) => `t${at + 1}`);
  const tasks = steps.map(({ agent, capability, description, input }, at) => ({
    task_id: ids[at],
    description,
    required_capability: capability,
    input_data: input,
    depends_on: ids.slice(0, at),
    ...(agent !== null && { agent }),
  }));
  return compiledPlan(frame, { reasoning: reason, sub_tasks: tasks });
}

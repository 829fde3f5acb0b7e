import type { Capability } from '../contracts/agent.ts';
import { limits } from '../contracts/limits.ts';
import { type Compiled, compiledPlan, type StrategyFrame } from './strategy-plan.ts';

/** Who talks about a query, by id, and what the first of them is told. */
export type Round = {
  readonly agents: readonly string[];
  readonly capability: Capability;
  readonly opening: string;
  readonly reason: string;
};

const QUERY_CHARS = 16_000;

/** One talk of named agents; what they came to is made into the answer afterwards (mission D5). */
export function peersPlan(frame: StrategyFrame, { agents, capability, opening, reason }: Round): Compiled {
  const distinct = [...new Set(agents)];
  const message = `expected at least 2 agents that can talk, not ${distinct.length}`;
  if (distinct.length < 2) return { ok: false, faults: [{ path: 'agents', message }] };
  const task = {
    task_id: 'talk',
    kind: 'talk',
    description: frame.query.slice(0, limits.descriptionChars),
    required_capability: capability,
    // Agents whose contract asks for the query by this name are no others; it must leave room for what each turn adds.
    input_data: frame.query.length <= QUERY_CHARS ? { query: frame.query } : {},
    talk: { agents: distinct, ...(opening.trim() !== '' && { opening: opening.slice(0, 8_000) }) },
  };
  return compiledPlan(frame, { reasoning: reason, sub_tasks: [task] });
}

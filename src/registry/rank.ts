import { type AgentDescriptor, isSelfContained } from '../contracts/agent.ts';
import type { EventDetail } from '../contracts/event.ts';
import type { SubTask } from '../contracts/plan.ts';
import { payloadMisfits } from '../plan/payload-fit.ts';

/** An agent as the registry knows it: `healthy` when its health key lives, or when it needs no server. */
export type RegisteredAgent = { readonly agent: AgentDescriptor; readonly healthy: boolean };

export type RankInput = {
  readonly task: Pick<SubTask, 'required_capability' | 'agent' | 'input_data'>;
  readonly agents: readonly RegisteredAgent[];
  /** Agents whose calls for this task have failed, once per failure. */
  readonly failed: readonly string[];
  /** Whether this process can call the agent: an in-process one only where its module is loaded. */
  readonly canCall: (agent: AgentDescriptor) => boolean;
  /** A number that changes from choice to choice: it turns agents of equal rank around. */
  readonly turn: number;
};

/** `eligible` in the order in which to call them, and every agent of the capability with the reason why not. */
export type Ranking = {
  readonly eligible: readonly AgentDescriptor[];
  /** HTTP agents that only their health keeps out: to be asked whether they serve. */
  readonly silent: readonly AgentDescriptor[];
  readonly candidates: EventDetail<'agent.selected'>['candidates'];
};

/** Chooses by capability, pin, payload, health and priority (the seed's rule); agents that failed for this task come last. */
export function rankAgents({ task, agents, failed, canCall, turn }: RankInput): Ranking {
  const considered = agents
    .filter(({ agent }) => agent.capabilities.includes(task.required_capability))
    .map(({ agent, healthy }) => ({ agent, reason: whyNot({ task, agent, healthy, canCall }) }));
  const failures = (agent: AgentDescriptor): number => failed.filter((id) => id === agent.agent_id).length;
  const eligible = considered
    .filter(({ reason }) => reason === null)
    .map(({ agent }) => agent)
    .toSorted((a, b) => failures(a) - failures(b) || b.priority - a.priority || a.agent_id.localeCompare(b.agent_id));
  return {
    eligible: turnAround(eligible, turn, (a, b) => failures(a) === failures(b) && a.priority === b.priority),
    silent: considered
      .filter(({ agent, reason }) => reason === NOT_HEALTHY && agent.transport === 'http')
      .map(({ agent }) => agent),
    candidates: considered.map(({ agent, reason }) => ({
      agent_id: agent.agent_id,
      priority: agent.priority,
      eligible: reason === null,
      reason,
    })),
  };
}

const NOT_HEALTHY = 'not healthy';

type Doubt = { readonly task: RankInput['task']; readonly canCall: RankInput['canCall'] } & RegisteredAgent;

function whyNot({ task, agent, healthy, canCall }: Doubt): string | null {
  if (task.agent !== undefined && task.agent !== agent.agent_id) return `the task is pinned to ${task.agent}`;
  if (!canCall(agent)) return 'in-process, and not loaded by this worker';
  const misfits = payloadMisfits(agent.payload_schema, task.input_data);
  if (misfits.length > 0) return misfits.join(', ');
  return healthy ? null : NOT_HEALTHY;
}

/** Turns the group of equals at the front around by `turn`, so that equal agents share the work. */
function turnAround<T>(sorted: readonly T[], turn: number, equal: (a: T, b: T) => boolean): readonly T[] {
  const first = sorted[0];
  if (first === undefined) return sorted;
  const group = sorted.filter((item) => equal(first, item));
  const shift = turn % group.length;
  return [...group.slice(shift), ...group.slice(0, shift), ...sorted.slice(group.length)];
}

/** An agent that can answer without a server of its own is healthy as long as it is registered. */
export function needsHealth(agent: AgentDescriptor): boolean {
  return !isSelfContained(agent);
}

import { type AgentDescriptor, isSelfContained } from '../contracts/agent.ts';
import type { AgentHistory } from './agent-history.ts';

/** What has become of an agent's calls, older ones counting less (defaults.scoreHalfLifeMs), over all workers. */
export type TrackRecord = {
  /** Calls, decayed: how much there is to judge by. */
  readonly weight: number;
  /** Share of them that gave a good answer, 0 to 1; 1 when there were none. */
  readonly success: number;
  /** Mean milliseconds of the good ones; null when there were none. */
  readonly latencyMs: number | null;
};

/** An agent as the registry knows it: `healthy` when its health key lives, or when it needs no server. */
export type RegisteredAgent = {
  readonly agent: AgentDescriptor;
  readonly healthy: boolean;
  /** Its breaker is open: too many calls failed one after the other. */
  readonly broken: boolean;
  /** Its breaker was open and lets one call through now, to see; absent when it is closed. */
  readonly halfOpen?: boolean;
  /** Calls at this moment, of an agent with max_concurrent_tasks; 0 for others. */
  readonly busy: number;
  readonly record: TrackRecord;
  /** What its work came to; of a list of one capability's agents only that one. Absent where nothing is known. */
  readonly history?: AgentHistory;
};

/** A text needs no server, and the configured model is asked by whoever has it: such an agent is healthy as long as it is registered. */
export function needsHealth(agent: AgentDescriptor): boolean {
  return !isSelfContained(agent) && agent.transport !== 'model';
}

/** How an agent stands of whose calls nothing is known. */
export const freshCondition = {
  broken: false,
  busy: 0,
  record: { weight: 0, success: 1, latencyMs: null },
} as const satisfies Omit<RegisteredAgent, 'agent' | 'healthy'>;

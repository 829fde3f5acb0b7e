import type { HistoryView, WorkView } from '../contracts/agent-history.ts';
import type { AgentDetail, AgentSource, AgentView } from '../contracts/agent-view.ts';
import type { AgentHistory, Mean, WorkHistory } from '../registry/agent-history.ts';
import type { AgentDetails } from '../registry/find-agent.ts';
import type { RegisteredAgent } from '../registry/registered-agent.ts';

/** An agent of a list on the wire. */
export function toAgentView({ agent, healthy, broken, busy, record }: RegisteredAgent, source: AgentSource): AgentView {
  const { weight, success, latencyMs } = record;
  return { ...agent, healthy, broken, busy, record: { weight, success, latency_ms: latencyMs }, source };
}

/** One agent on the wire. */
export function toAgentDetail(details: AgentDetails): AgentDetail {
  const { source, registeredAt, updatedAt, lastSeenAt, seenBy, etag } = details;
  return {
    ...toAgentView(details, source),
    history: toHistoryView(details.history ?? {}),
    registered_at: toTime(registeredAt),
    updated_at: toTime(updatedAt),
    last_seen_at: toTime(lastSeenAt),
    seen_by: seenBy,
    etag,
  };
}

function toHistoryView(history: AgentHistory): HistoryView {
  const entries = Object.entries(history).map(([capability, work]) => [capability, toWorkView(work)] as const);
  return Object.fromEntries(entries);
}

function toWorkView({ done, failed, quality, cost, tokens, latencyMs }: WorkHistory): WorkView {
  const meanOf = ({ weight, mean }: Mean): number | null => (weight === 0 ? null : mean);
  const means = { quality: meanOf(quality), cost: meanOf(cost), tokens: meanOf(tokens), latency_ms: meanOf(latencyMs) };
  return { done, failed, ...means };
}

function toTime(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}

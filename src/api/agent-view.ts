import type { AgentDetail, AgentSource, AgentView } from '../contracts/agent-view.ts';
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
    registered_at: toTime(registeredAt),
    updated_at: toTime(updatedAt),
    last_seen_at: toTime(lastSeenAt),
    seen_by: seenBy,
    etag,
  };
}

function toTime(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}

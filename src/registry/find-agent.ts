import { type AgentSource, HealthSign } from '../contracts/agent-view.ts';
import type { Store } from '../journal/store.ts';
import { loadCondition } from './condition.ts';
import { parseStored, type UnreadableReport } from './descriptors.ts';
import { loadLastSeen } from './health.ts';
import { parseOrigin } from './origin.ts';
import { etagOf } from './register.ts';
import { freshCondition, needsHealth, type RegisteredAgent } from './registered-agent.ts';

/** Everything that is known of one agent. Times in milliseconds; `lastSeenAt` is null when it is not healthy or needs no server. */
export type AgentDetails = RegisteredAgent & {
  readonly source: AgentSource;
  readonly registeredAt: number | null;
  readonly updatedAt: number | null;
  readonly lastSeenAt: number | null;
  readonly seenBy: HealthSign | null;
  readonly etag: string;
};

/** One agent as it stands now; undefined when it is not registered, or cannot be read. */
export async function findAgent(
  store: Store,
  id: string,
  onUnreadable: UnreadableReport,
): Promise<AgentDetails | undefined> {
  const { redis, keys } = store;
  const [text, origin, sign, lastSeenAt, conditions] = await Promise.all([
    redis.hget(keys.agents, id),
    redis.hget(keys.agentOrigins, id),
    redis.get(keys.agentHealth(id)),
    loadLastSeen(redis, keys.agentHealth(id)),
    loadCondition(store, [id]),
  ]);
  const agent = text === null ? undefined : parseStored(id, text, onUnreadable);
  if (agent === undefined || text === null) return undefined;
  const { source, registered_at: registeredAt, updated_at: updatedAt } = parseOrigin(origin);
  const healthy = !needsHealth(agent) || sign !== null;
  const seenBy = sign === null ? null : (HealthSign.safeParse(sign).data ?? null);
  const times = { registeredAt, updatedAt, lastSeenAt, seenBy };
  return { agent, healthy, ...(conditions.get(id) ?? freshCondition), source, ...times, etag: etagOf(text) };
}

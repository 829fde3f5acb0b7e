import { type AgentSource, HealthSign } from '../contracts/agent-view.ts';
import { defaults } from '../contracts/limits.ts';
import type { Store } from '../journal/store.ts';
import { loadCondition } from './condition.ts';
import { loadLastSeen } from './health.ts';
import { loadHistories } from './histories.ts';
import { parseOrigin } from './origin.ts';
import { etagOf } from './register.ts';
import { freshCondition, needsHealth, type RegisteredAgent } from './registered-agent.ts';
import { parseStored, type UnreadableReport } from './stored-descriptor.ts';

/** Everything that is known of one agent. Times in milliseconds; `lastSeenAt` is null when it is not healthy or needs no server. */
export type AgentDetails = RegisteredAgent & {
  readonly source: AgentSource;
  readonly registeredAt: number | null;
  readonly updatedAt: number | null;
  readonly lastSeenAt: number | null;
  readonly seenBy: HealthSign | null;
  readonly etag: string;
};

/** `healthTtlMs`: how long a sign of life counts, which says when the last one came. */
type FindStore = Store & { readonly healthTtlMs?: number };

/** One agent as it stands now; undefined when it is not registered, or cannot be read. */
export async function findAgent(
  { healthTtlMs = defaults.healthTtlMs, ...store }: FindStore,
  id: string,
  onUnreadable: UnreadableReport,
): Promise<AgentDetails | undefined> {
  const { redis, keys } = store;
  const [text, origin, sign, lastSeenAt, conditions, histories] = await Promise.all([
    redis.hget(keys.agents, id),
    redis.hget(keys.agentOrigins, id),
    redis.get(keys.agentHealth(id)),
    loadLastSeen(redis, keys.agentHealth(id), healthTtlMs),
    loadCondition(store, [id]),
    loadHistories(store, [id]),
  ]);
  const agent = text === null ? undefined : parseStored(id, text, onUnreadable);
  if (agent === undefined || text === null) return undefined;
  const { source, registered_at: registeredAt, updated_at: updatedAt } = parseOrigin(origin);
  const healthy = !needsHealth(agent) || sign !== null;
  const seenBy = sign === null ? null : (HealthSign.safeParse(sign).data ?? null);
  const history = histories.get(id);
  const known = { ...(conditions.get(id) ?? freshCondition), ...(history === undefined ? {} : { history }) };
  const times = { registeredAt, updatedAt, lastSeenAt, seenBy };
  return { agent, healthy, ...known, source, ...times, etag: etagOf(text) };
}

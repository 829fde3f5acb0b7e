import type { AgentDescriptor } from '../contracts/agent.ts';
import type { Store } from '../journal/store.ts';
import { loadRemembered, toDiscoveryState } from './discovery-state.ts';
import { loadSources } from './origin.ts';

/** Which discovery service there is, and how old an answer of it may be, in milliseconds. */
export type DiscoverySource = { readonly url: string; readonly ttlMs: number };

/** What a run is told that counts on agents of a service whose answer is too old; undefined when none of these agents is. `now` in milliseconds. */
export async function staleWarning(
  store: Store,
  { url, ttlMs }: DiscoverySource,
  { agents, now }: { readonly agents: readonly AgentDescriptor[]; readonly now: number },
): Promise<string | undefined> {
  const { stale, refreshed_at } = toDiscoveryState(await loadRemembered(store, url), ttlMs, now);
  if (!stale) return undefined;
  const sources = await loadSources(
    store,
    agents.map(({ agent_id }) => agent_id),
  );
  const discovered = sources.filter((source) => source === 'discovered').length;
  if (discovered === 0) return undefined;
  return `The discovery service has not answered since ${refreshed_at}: the plan was made with ${discovered} of its agents as they were then.`;
}

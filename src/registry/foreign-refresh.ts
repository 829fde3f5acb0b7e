import type { AgentDescriptor } from '../contracts/agent.ts';
import { BatonError } from '../contracts/error.ts';
import { limits } from '../contracts/limits.ts';
import type { Store } from '../journal/store.ts';
import { readText } from '../outbound/body.ts';
import type { HttpClient } from '../outbound/http.ts';
import type { WhyRefused } from './descriptor.ts';
import { type ForeignAgents, type Skipped, toForeignAgents } from './foreign.ts';
import { loadAgentsOf } from './origin.ts';
import { registerAgent, removeAgent } from './register.ts';

/** The seed's 30 s in all; a service that says nothing for ten is given up. */
const LIMITS = { firstByteMs: 10_000, idleMs: 10_000, totalMs: 30_000, maxBytes: limits.foreignBytes } as const;
/** Agents written at once. */
const AT_ONCE = 50;

export type ForeignService = {
  /** Where the service is, by the operator; `/agents` is asked. */
  readonly url: string;
  /** For addresses of the operator's. */
  readonly http: HttpClient;
  /** For the addresses of its agents, which are data. */
  readonly whyRefused: WhyRefused;
};

/** Asks a discovery service for its agents. Throws discovery_unavailable, whatever went wrong, or draining. */
export async function loadForeignAgents({ url, http, whyRefused }: ForeignService): Promise<ForeignAgents> {
  try {
    const response = await http.request({
      url: `${url.replace(/\/+$/, '')}/agents`,
      method: 'GET',
      headers: { accept: 'application/json' },
      limits: LIMITS,
      peer: 'The discovery service',
    });
    const text = await readText(response.body);
    if (response.status !== 200) throw unavailable(`The discovery service answered with HTTP ${response.status}.`);
    return toForeignAgents(toJson(text), whyRefused);
  } catch (thrown) {
    const error = BatonError.from(thrown);
    if (error.code === 'discovery_unavailable' || error.code === 'draining') throw error;
    throw unavailable(error.message, error);
  }
}

/**
 * Makes the registry hold these agents of the discovery service and no others of it. An id that somebody registered here stays theirs.
 * Returns how many are registered now, and those that lost.
 */
export async function applyForeignAgents(
  store: Store,
  agents: readonly AgentDescriptor[],
): Promise<{ readonly registered: number; readonly skipped: readonly Skipped[] }> {
  const listed = new Set(agents.map(({ agent_id }) => agent_id));
  const before = await loadAgentsOf(store, 'discovered');
  const lost = await mapSome(agents, async (agent) => {
    const outcome = await registerAgent(store, { agent, mode: 'discover', source: 'discovered' });
    return outcome === 'exists' ? [agent.agent_id] : [];
  });
  const gone = before.filter((id) => !listed.has(id));
  await mapSome(gone, async (id) => [await removeDiscovered(store, id)]);
  const reason = 'an agent of this id is registered here, which comes first';
  return { registered: agents.length - lost.length, skipped: lost.map((agent_id) => ({ agent_id, reason })) };
}

/** One that somebody has registered here meanwhile stays. */
async function removeDiscovered(store: Store, id: string): Promise<void> {
  await removeAgent(store, id, { source: 'discovered' }).catch((error: unknown) => {
    if (BatonError.from(error).code !== 'agent_instance_mismatch') throw error;
  });
}

async function mapSome<T, R>(items: readonly T[], work: (item: T) => Promise<readonly R[]>): Promise<readonly R[]> {
  const results: R[] = [];
  for (let at = 0; at < items.length; at += AT_ONCE) {
    results.push(...(await Promise.all(items.slice(at, at + AT_ONCE).map(work))).flat());
  }
  return results;
}

function toJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw unavailable('The discovery service answered with something that is not JSON.', cause);
  }
}

function unavailable(text: string, cause?: unknown): BatonError {
  return new BatonError('discovery_unavailable', text, { cause });
}

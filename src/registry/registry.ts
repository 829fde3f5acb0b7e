// registry: who can do it. Descriptors in one hash, health as keys that expire by Redis's clock, changes in one log; shared by all processes.
import type { AgentDescriptor, Capability } from '../contracts/agent.ts';
import type { AgentSource, HealthSign } from '../contracts/agent-view.ts';
import type { Store } from '../journal/store.ts';
import { loadCondition } from './condition.ts';
import { openDescriptors, type UnreadableReport } from './descriptors.ts';
import { type AgentDetails, findAgent } from './find-agent.ts';
import { loadSigns, showLife } from './health.ts';
import { type Registered, type Registration, type Remover, registerAgent, removeAgent } from './register.ts';
import { freshCondition, needsHealth, type RegisteredAgent } from './registered-agent.ts';
import { openSnapshot } from './snapshot.ts';

/** Who can do what. Every write is one step in Redis, and harmless when it is sent twice. */
export type Registry = {
  /** Registers or replaces an agent; it counts as healthy for defaults.healthTtlMs. True when it is new. */
  put(agent: AgentDescriptor, by?: { readonly source?: AgentSource }): Promise<boolean>;
  /** The same with conditions: only a new one, only a change, only by who has read it. */
  register(registration: Registration): Promise<Registered>;
  /** Takes an agent out at once. False when it was not there; throws agent_instance_mismatch. */
  remove(id: string, remover?: Remover): Promise<boolean>;
  /** The loop that serves says that it does. False when the agent is not registered (any more): register again. Throws agent_instance_mismatch. */
  heartbeat(id: string, instance?: string): Promise<boolean>;
  /** A probe found that the agent serves: a heartbeat whose effect this process sees at once. */
  revive(id: string): Promise<boolean>;
  /** A call of it succeeded, which shows as well as a probe that it serves. Asks Redis at most every few seconds per agent. */
  noteServed(id: string): Promise<void>;
  /** All agents, or those of a capability, as they stand now. */
  list(capability?: Capability): Promise<readonly RegisteredAgent[]>;
  /** The same, at most a second old: no round trip for most tasks. */
  recent(): Promise<readonly RegisteredAgent[]>;
  byCapability(capability: Capability): Promise<readonly RegisteredAgent[]>;
  /** Agents have come or gone by another way than this: the next choice of this process reads anew. */
  refresh(): void;
  /** One agent with everything that is known of it; undefined when it is not registered. */
  find(id: string): Promise<AgentDetails | undefined>;
  /** All agents that need health, with what keeps each healthy now: what the prober walks. */
  signs(): Promise<readonly AgentSign[]>;
};

export type AgentSign = { readonly agent: AgentDescriptor; readonly sign: HealthSign | null };

export type RegistryOptions = Store & { readonly onUnreadable?: UnreadableReport };

/** A success is worth a write when the last one is so old: well within the time it counts for. */
const SERVED_EVERY_MS = 5_000;

/** Opens the registry on a connection that stays the caller's. */
export function openRegistry({ redis, keys, onUnreadable = () => undefined }: RegistryOptions): Registry {
  const store: Store = { redis, keys };
  const descriptors = openDescriptors(store, onUnreadable);
  const snapshot = openSnapshot({ descriptors, loadState: (agents) => loadState(store, agents) });
  const isDue = openThrottle(SERVED_EVERY_MS);

  const seen = async <T>(write: Promise<T>): Promise<T> => {
    const outcome = await write;
    snapshot.forget();
    return outcome;
  };
  const register: Registry['register'] = (registration) => seen(registerAgent(store, registration));
  return {
    register,
    put: async (agent, by) => (await register({ ...by, agent, mode: 'put' })) === 'registered',
    remove: (id, remover) => seen(removeAgent(store, id, remover)),
    heartbeat: (agent, instance) => showLife(store, { agent, sign: 'heartbeat', instance }),
    revive: (agent) => seen(showLife(store, { agent, sign: 'probe' })),
    noteServed: async (agent) => {
      if (isDue(agent)) await showLife(store, { agent, sign: 'call' });
    },
    list: snapshot.readNow,
    recent: () => snapshot.read(),
    byCapability: snapshot.read,
    refresh: snapshot.forget,
    find: (id) => findAgent(store, id, onUnreadable),
    signs: async () => {
      await descriptors.sync();
      const agents = descriptors.all().filter(needsHealth);
      const signs = await loadSigns(store, agents.map(idOf));
      return agents.map((agent, index) => ({ agent, sign: signs[index] ?? null }));
    },
  };
}

/** How agents stand: health, and what has become of their calls. */
export async function loadState(store: Store, agents: readonly AgentDescriptor[]): Promise<readonly RegisteredAgent[]> {
  const dependent = agents.filter(needsHealth).map(idOf);
  const [signs, conditions] = await Promise.all([loadSigns(store, dependent), loadCondition(store, agents.map(idOf))]);
  const healthy = new Set(dependent.filter((_, index) => signs[index] !== null));
  return agents.map((agent) => ({
    agent,
    healthy: !needsHealth(agent) || healthy.has(agent.agent_id),
    ...(conditions.get(agent.agent_id) ?? freshCondition),
  }));
}

function idOf({ agent_id }: AgentDescriptor): string {
  return agent_id;
}

/** True for an id at most once in so many milliseconds. */
function openThrottle(everyMs: number): (id: string) => boolean {
  const last = new Map<string, number>();
  return (id) => {
    const now = performance.now();
    if (now - (last.get(id) ?? Number.NEGATIVE_INFINITY) < everyMs) return false;
    for (const [other, at] of last) if (now - at >= everyMs) last.delete(other);
    last.set(id, now);
    return true;
  };
}

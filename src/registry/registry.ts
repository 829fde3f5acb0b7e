// registry: who can do it. Descriptors in one hash, health as keys that expire by Redis's clock, changes in one log; shared by all processes.
import type { AgentDescriptor, Capability } from '../contracts/agent.ts';
import type { AgentSource, HealthSign } from '../contracts/agent-view.ts';
import { defaults } from '../contracts/limits.ts';
import type { Store } from '../journal/store.ts';
import { loadCondition } from './condition.ts';
import { openDescriptors } from './descriptors.ts';
import { type AgentDetails, findAgent } from './find-agent.ts';
import { type LifeSign, loadSigns, showLife } from './health.ts';
import { type Histories, openHistories } from './histories.ts';
import { type Registered, type Registration, type Remover, registerAgent, removeAgent } from './register.ts';
import { freshCondition, needsHealth, type RegisteredAgent } from './registered-agent.ts';
import { openSnapshot } from './snapshot.ts';
import type { UnreadableReport } from './stored-descriptor.ts';

/** Who can do what. Every write is one step in Redis, and harmless when it is sent twice. */
export type Registry = {
  /** Registers or replaces an agent; it counts as healthy for healthTtlMs. True when it is new. */
  put(agent: AgentDescriptor, by?: { readonly source?: AgentSource }): Promise<boolean>;
  /** The same with conditions: only a new one, only a change, only by who has read it. */
  register(registration: Registration): Promise<Registered>;
  /** Takes an agent out at once. False when it was not there; throws agent_instance_mismatch. */
  remove(id: string, remover?: Remover): Promise<boolean>;
  /** The loop that serves says that it does. False when the agent is not registered (any more): register again. Throws agent_instance_mismatch. */
  heartbeat(id: string, instance?: string): Promise<boolean>;
  /** A probe found that the agent serves: a heartbeat whose effect this process sees at once. */
  revive(id: string): Promise<boolean>;
  /** The same for one that is probed again and again: seen with the next snapshot. */
  noteProbed(id: string): Promise<void>;
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

export type RegistryOptions = Store & {
  readonly onUnreadable?: UnreadableReport;
  /** How long a sign of life counts, in milliseconds; the same in all processes. */
  readonly healthTtlMs?: number;
};

/** A success is worth a write when the last one is so old, and at the latest after a third of the time it counts for. */
const SERVED_EVERY_MS = 5_000;

/** Opens the registry on a connection that stays the caller's. */
export function openRegistry(options: RegistryOptions): Registry {
  const { redis, keys, onUnreadable = () => undefined, healthTtlMs = defaults.healthTtlMs } = options;
  const store: Store = { redis, keys };
  const descriptors = openDescriptors(store, onUnreadable);
  const histories = openHistories(store);
  const snapshot = openSnapshot({ descriptors, loadState: (...asked) => loadState({ ...store, histories }, ...asked) });
  const isDue = openThrottle(Math.min(SERVED_EVERY_MS, healthTtlMs / 3));

  const seen = async <T>(write: Promise<T>): Promise<T> => {
    const outcome = await write;
    snapshot.forget();
    return outcome;
  };
  const register: Registry['register'] = (registration) => seen(registerAgent(store, registration, healthTtlMs));
  const show = (sign: LifeSign): Promise<boolean> => showLife(store, sign, healthTtlMs);
  return {
    register,
    put: async (agent, by) => (await register({ ...by, agent, mode: 'put' })) === 'registered',
    remove: (id, remover) => seen(removeAgent(store, id, remover)),
    heartbeat: (agent, instance) => show({ agent, sign: 'heartbeat', instance }),
    revive: (agent) => seen(show({ agent, sign: 'probe' })),
    noteProbed: async (agent) => void (await show({ agent, sign: 'probe' })),
    noteServed: async (agent) => {
      if (isDue(agent)) await show({ agent, sign: 'call' });
    },
    list: snapshot.readNow,
    recent: () => snapshot.read(),
    byCapability: snapshot.read,
    refresh: snapshot.forget,
    find: (id) => findAgent({ ...store, healthTtlMs }, id, onUnreadable),
    signs: async () => {
      await descriptors.sync();
      const agents = descriptors.all().filter(needsHealth);
      const signs = await loadSigns(store, agents.map(idOf));
      return agents.map((agent, index) => ({ agent, sign: signs[index] ?? null }));
    },
  };
}

type StateStore = Store & { readonly histories: Histories };

/** How agents stand: health, and what has become of their calls and their work, of one capability or of all. */
export async function loadState(
  { histories, ...store }: StateStore,
  agents: readonly AgentDescriptor[],
  capability?: Capability,
): Promise<readonly RegisteredAgent[]> {
  const dependent = agents.filter(needsHealth).map(idOf);
  const ids = agents.map(idOf);
  const [signs, conditions, worked] = await Promise.all([
    loadSigns(store, dependent),
    loadCondition(store, ids),
    histories.of(ids, capability),
  ]);
  const healthy = new Set(dependent.filter((_, index) => signs[index] !== null));
  return agents.map((agent) => {
    const { agent_id: id } = agent;
    const history = worked.get(id);
    return {
      agent,
      healthy: !needsHealth(agent) || healthy.has(id),
      ...(conditions.get(id) ?? freshCondition),
      ...(history === undefined ? {} : { history }),
    };
  });
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

import type { Redis } from 'ioredis';
import { AgentDescriptor } from '../contracts/agent.ts';
import type { Keys } from '../contracts/keys.ts';
import { defaults } from '../contracts/limits.ts';
import { needsHealth, type RegisteredAgent } from './rank.ts';

/** How old a snapshot may be: how long an agent whose health has expired can still be chosen. */
const FRESH_MS = 1_000;

/** Who can do what, shared by all processes: descriptors in one hash, health as keys that expire by Redis's clock. */
export type Registry = {
  /** Registers or replaces an agent; it counts as healthy for defaults.healthTtlMs. True when it is new. */
  put(agent: AgentDescriptor): Promise<boolean>;
  /** Takes an agent out at once. False when it was not there. */
  remove(id: string): Promise<boolean>;
  /** The loop that serves says that it does. False when the agent is not registered (any more): register again. */
  heartbeat(id: string): Promise<boolean>;
  /** A probe found that the agent serves: a heartbeat whose effect this process sees at once. */
  revive(id: string): Promise<boolean>;
  /** All agents with their health, read now. */
  list(): Promise<readonly RegisteredAgent[]>;
  /** The same, at most a second old: no round trip for most tasks. */
  recent(): Promise<readonly RegisteredAgent[]>;
};

export type RegistryOptions = {
  readonly redis: Redis;
  readonly keys: Keys;
  /** Hears of a descriptor that cannot be read, written by another version perhaps: its agent is passed over. */
  readonly onUnreadable?: (agent: string, cause: unknown) => void;
};

/** Opens the registry on a connection that stays the caller's. */
export function openRegistry({ redis, keys, onUnreadable = () => undefined }: RegistryOptions): Registry {
  const parseAll = openParser(onUnreadable);
  const serves = (id: string) => redis.set(keys.agentHealth(id), '1', 'PX', defaults.healthTtlMs);

  async function list(): Promise<readonly RegisteredAgent[]> {
    const agents = parseAll(await redis.hgetall(keys.agents));
    const dependent = agents.filter(needsHealth).map((agent) => agent.agent_id);
    const alive = dependent.length === 0 ? [] : await redis.mget(dependent.map(keys.agentHealth));
    const healthy = new Set(dependent.filter((_, index) => alive[index] !== null));
    return agents.map((agent) => ({ agent, healthy: !needsHealth(agent) || healthy.has(agent.agent_id) }));
  }

  async function heartbeat(id: string): Promise<boolean> {
    if ((await redis.hexists(keys.agents, id)) === 0) return false;
    await serves(id);
    return true;
  }

  const snapshot = openSnapshot(list);
  return {
    heartbeat,
    list,
    recent: snapshot.read,
    put: async (agent) => {
      const added = await redis.hset(keys.agents, agent.agent_id, JSON.stringify(agent));
      await serves(agent.agent_id);
      snapshot.forget();
      return added === 1;
    },
    remove: async (id) => {
      const removed = await redis.hdel(keys.agents, id);
      await redis.del(keys.agentHealth(id));
      snapshot.forget();
      return removed === 1;
    },
    revive: async (id) => {
      const known = await heartbeat(id);
      snapshot.forget();
      return known;
    },
  };
}

type Parsed = { readonly text: string; readonly agent: AgentDescriptor | undefined };

/** Descriptors change seldom: each text is parsed, or found unreadable, once. */
function openParser(onUnreadable: NonNullable<RegistryOptions['onUnreadable']>) {
  let known: ReadonlyMap<string, Parsed> = new Map();
  const parse = (id: string, text: string): Parsed => {
    const before = known.get(id);
    if (before?.text === text) return before;
    try {
      return { text, agent: AgentDescriptor.parse(JSON.parse(text)) };
    } catch (cause) {
      onUnreadable(id, cause);
      return { text, agent: undefined };
    }
  };
  return (texts: Readonly<Record<string, string>>): readonly AgentDescriptor[] => {
    known = new Map(Object.entries(texts).map(([id, text]) => [id, parse(id, text)]));
    return [...known.values()].flatMap(({ agent }) => agent ?? []);
  };
}

/** One read serves everybody who asks within FRESH_MS. */
function openSnapshot(list: () => Promise<readonly RegisteredAgent[]>) {
  let current: { readonly at: number; readonly agents: Promise<readonly RegisteredAgent[]> } | undefined;
  const forget = (): void => {
    current = undefined;
  };
  const read = (): Promise<readonly RegisteredAgent[]> => {
    const now = performance.now();
    if (current !== undefined && now - current.at < FRESH_MS) return current.agents;
    const agents = list();
    current = { at: now, agents };
    agents.catch(forget);
    return agents;
  };
  return { read, forget };
}

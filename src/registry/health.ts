import type { Redis } from 'ioredis';
import { HealthSign } from '../contracts/agent-view.ts';
import { limits } from '../contracts/limits.ts';
import { loadScript, runScript } from '../journal/script.ts';
import type { Store } from '../journal/store.ts';
import { agentKeys, anothersAgent } from './register.ts';

const showing = loadScript(new URL('./show-life.lua', import.meta.url));
const expiring = loadScript(new URL('./expire.lua', import.meta.url));

/** Keys in one MGET, and agents in one script: Redis serves others between them. */
const CHUNK = 1_000;

/** Something that shows that the agent serves; `instance` is asked of heartbeats only. */
export type LifeSign = {
  readonly agent: string;
  readonly sign: 'heartbeat' | 'probe' | 'call';
  readonly instance?: string | undefined;
};

/** The agent counts as healthy for `healthTtlMs`. False when it is not registered (any more); throws agent_instance_mismatch. */
export async function showLife(
  { redis, keys }: Store,
  { agent, sign, instance = '' }: LifeSign,
  healthTtlMs: number,
): Promise<boolean> {
  const reply = await runScript(redis, showing, {
    keys: agentKeys(keys, agent),
    args: [agent, sign, instance, healthTtlMs, limits.agentEvents],
  });
  if (reply === -1) throw anothersAgent(agent);
  return reply === 1;
}

/** What keeps each agent healthy now, in their order; null for one that is not. Redis decides what has expired. */
export async function loadSigns(
  { redis, keys }: Store,
  agents: readonly string[],
): Promise<readonly (HealthSign | null)[]> {
  const signs: (HealthSign | null)[] = [];
  for (const some of chunksOf(agents)) {
    const texts = await redis.mget(some.map(keys.agentHealth));
    signs.push(...texts.map((text) => (text === null ? null : (HealthSign.safeParse(text).data ?? 'heartbeat'))));
  }
  return signs;
}

/** When an agent last showed that it serves, which counts for `healthTtlMs`: in milliseconds by this process's clock; null when it is not healthy. */
export async function loadLastSeen(redis: Redis, healthKey: string, healthTtlMs: number): Promise<number | null> {
  const leftMs = await redis.pttl(healthKey);
  return leftMs < 0 ? null : Date.now() - (healthTtlMs - leftMs);
}

/** Says which of these agents have expired, each once. With `fallen` their health ends now, unless heartbeats or calls keep it. */
export async function expireAgents(
  { redis, keys }: Store,
  agents: readonly string[],
  { fallen = false }: { readonly fallen?: boolean } = {},
): Promise<void> {
  for (const some of chunksOf(agents)) {
    await runScript(redis, expiring, {
      keys: [keys.servingAgents, keys.agentEvents, ...some.map(keys.agentHealth)],
      args: [limits.agentEvents, fallen ? '1' : '', ...some],
    });
  }
}

function chunksOf<T>(items: readonly T[]): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(items.length / CHUNK) }, (_, at) => items.slice(at * CHUNK, (at + 1) * CHUNK));
}

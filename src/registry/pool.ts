import { Holding, type PoolAmounts, type PoolUnit, type PoolView } from '../contracts/pool.ts';
import type { Store } from '../journal/store.ts';

/** What there is in the pool, what is taken of it, and by which spawned agents. */
export async function viewPool({ redis, keys }: Store, capacity: PoolAmounts): Promise<PoolView> {
  const held = Object.entries(await redis.hgetall(keys.poolHeld));
  const agents = held
    .map(([agent_id, holding]) => ({ agent_id, ...Holding.parse(JSON.parse(holding)) }))
    .toSorted((a, b) => (a.agent_id < b.agent_id ? -1 : 1));
  const sum = (unit: PoolUnit): number => agents.reduce((total, agent) => total + agent[unit], 0);
  const taken = { agents: sum('agents'), memory_mb: sum('memory_mb'), tokens_per_minute: sum('tokens_per_minute') };
  return { capacity: { ...capacity }, taken, agents };
}

import { AgentDescriptor } from '../contracts/agent.ts';
import { Holding } from '../contracts/pool.ts';
import type { Store } from '../journal/store.ts';

/** The agent that an earlier attempt of this task made for it, which is found again whatever would be chosen now; undefined when none was made. */
export async function loadExclusive(
  { redis, keys }: Store,
  run: string,
  task: string,
): Promise<AgentDescriptor | undefined> {
  const ids = await redis.smembers(keys.run(run).agents);
  if (ids.length === 0) return undefined;
  const held = await redis.hmget(keys.poolHeld, ...ids);
  const id = ids.find((_, index) => isFor(held[index], task));
  const text = id === undefined ? null : await redis.hget(keys.agents, id);
  return text === null ? undefined : AgentDescriptor.parse(JSON.parse(text));
}

function isFor(holding: string | null | undefined, task: string): boolean {
  return holding != null && Holding.parse(JSON.parse(holding)).task_id === task;
}

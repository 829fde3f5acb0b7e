import { type Child, Children } from '../contracts/spawn.ts';
import type { Store } from './store.ts';

/** The children of one map task, in its list's order; undefined while they are not decided. */
export async function loadChildren(
  { redis, keys }: Store,
  run: string,
  task: string,
): Promise<readonly Child[] | undefined> {
  const text = await redis.hget(keys.run(run).spawned, task);
  return text === null ? undefined : Children.parse(JSON.parse(text));
}

/** The children of all map tasks of a run, by map task. */
export async function loadSpawned({ redis, keys }: Store, run: string): Promise<ReadonlyMap<string, readonly Child[]>> {
  const lists = await redis.hgetall(keys.run(run).spawned);
  return new Map(Object.entries(lists).map(([task, text]) => [task, Children.parse(JSON.parse(text))]));
}

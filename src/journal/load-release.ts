import { JoinRelease } from '../contracts/join.ts';
import type { Store } from './store.ts';

/** How a join was released; undefined while it is not, or when it had nothing to wait for. */
export async function loadRelease({ redis, keys }: Store, run: string, task: string): Promise<JoinRelease | undefined> {
  const text = await redis.hget(keys.run(run).joins, `${task}:released`);
  return text === null ? undefined : JoinRelease.parse(JSON.parse(text));
}

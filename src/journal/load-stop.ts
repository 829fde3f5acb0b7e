import { Stop } from '../contracts/run.ts';
import type { Store } from './store.ts';

/** Why a run was told to stop; undefined when it was not. */
export async function loadStop({ redis, keys }: Store, run: string): Promise<Stop | undefined> {
  const text = await redis.hget(keys.run(run).run, 'stop');
  return text === null ? undefined : Stop.parse(JSON.parse(text));
}

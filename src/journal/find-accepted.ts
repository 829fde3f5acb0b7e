import type { Accepted, KeyDigests } from './create.ts';
import type { Store } from './store.ts';

/** What this key and body made before, without making anything; undefined when there is no such run, or no longer. */
export async function findAccepted({ redis, keys }: Store, digests: KeyDigests): Promise<Accepted | undefined> {
  const { owner, keyDigest, bodyDigest } = digests;
  const [run, body] = await redis.hmget(keys.idempotency(owner, keyDigest), 'run', 'body');
  if (run == null || (await redis.exists(keys.run(run).run)) === 0) return undefined;
  return { outcome: body === bodyDigest ? 'repeated' : 'conflict', run };
}

import type { Keys } from '../contracts/keys.ts';
import { defaults, limits } from '../contracts/limits.ts';
import { CachedResult } from '../contracts/result.ts';
import { fillShelf, readShelf, type Shelf } from './shelf.ts';
import type { Store } from './store.ts';

/** The result filed under a digest, unless it is older than defaults.cacheTtlMs at `now` (ms since 1970); undefined when there is none. */
export async function loadCached(
  { redis, keys }: Store,
  digest: string,
  now: number,
): Promise<CachedResult | undefined> {
  const cached = CachedResult.safeParse(await readShelf(redis, shelfOf(keys), digest)).data;
  return cached === undefined || now - cached.at > defaults.cacheTtlMs ? undefined : cached;
}

/** Files a result. All together hold limits.cacheBytes at most, the oldest leaving first; one beyond limits.cachedResultBytes is not kept. */
export function saveCached({ redis, keys }: Store, digest: string, result: CachedResult): Promise<void> {
  return fillShelf(redis, shelfOf(keys), [digest, result]);
}

function shelfOf({ cachedResults, cachedAges, cachedBytes }: Keys): Shelf {
  return {
    ...{ values: cachedResults, ages: cachedAges, bytes: cachedBytes },
    ...{ ttlMs: defaults.cacheTtlMs, mostBytes: limits.cacheBytes, eachBytes: limits.cachedResultBytes },
  };
}

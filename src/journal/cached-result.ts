import { defaults, limits } from '../contracts/limits.ts';
import { CachedResult } from '../contracts/result.ts';
import { loadScript, runScript } from './script.ts';
import type { Store } from './store.ts';

const script = loadScript(new URL('./save-cached.lua', import.meta.url));

/** The result filed under a digest, unless it is older than defaults.cacheTtlMs at `now` (ms since 1970); undefined when there is none. */
export async function loadCached(
  { redis, keys }: Store,
  digest: string,
  now: number,
): Promise<CachedResult | undefined> {
  const text = await redis.hget(keys.cachedResults, digest);
  const cached = text === null ? undefined : CachedResult.safeParse(JSON.parse(text)).data;
  return cached === undefined || now - cached.at > defaults.cacheTtlMs ? undefined : cached;
}

/** Files a result. All together hold limits.cacheBytes at most, the oldest leaving first; one beyond limits.cachedResultBytes is not kept. */
export async function saveCached({ redis, keys }: Store, digest: string, result: CachedResult): Promise<void> {
  const text = JSON.stringify(result);
  if (Buffer.byteLength(text) > limits.cachedResultBytes) return;
  await runScript(redis, script, {
    keys: [keys.cachedResults, keys.cachedAges, keys.cachedBytes],
    args: [digest, text, result.at, result.at - defaults.cacheTtlMs, limits.cacheBytes],
  });
}

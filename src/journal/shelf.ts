import type { Redis } from 'ioredis';
import { loadScript, runScript } from './script.ts';

const script = loadScript(new URL('./save-cached.lua', import.meta.url));

/** Where values are kept under digests of what they answer: three keys, for how long, and how many bytes of all and of one. */
export type Shelf = {
  readonly values: string;
  readonly ages: string;
  readonly bytes: string;
  readonly ttlMs: number;
  readonly mostBytes: number;
  readonly eachBytes: number;
};

/** The value that lies under a digest, however old; undefined when there is none, or none that can be read: it is made anew. */
export async function readShelf(redis: Redis, { values }: Shelf, digest: string): Promise<unknown> {
  const text = await redis.hget(values, digest);
  try {
    return text === null ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Files a value that was made at `at` (ms since 1970). The oldest leave first; one that is too large is not kept. */
export async function fillShelf<V extends { readonly at: number }>(
  redis: Redis,
  { values, ages, bytes, ttlMs, mostBytes, eachBytes }: Shelf,
  [digest, value]: readonly [digest: string, value: V],
): Promise<void> {
  const text = JSON.stringify(value);
  if (Buffer.byteLength(text) > eachBytes) return;
  const args = [digest, text, value.at, value.at - ttlMs, mostBytes];
  await runScript(redis, script, { keys: [values, ages, bytes], args });
}

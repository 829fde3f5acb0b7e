import { limits } from '../contracts/limits.ts';
import type { Store } from './store.ts';

/** Texts of more bytes than this have more than limits.outputChars characters: one is three bytes of UTF-8 at most. */
export const OUTPUT_BYTES = 3 * limits.outputChars;

/** How many tasks have a result, and how many bytes their texts of reference hold. */
export type Measure = { readonly settled: number; readonly longBytes: number };

/** Measures the results of these tasks without reading their long texts, which may be more than a process can hold. */
export async function measureResults({ redis, keys }: Store, run: string, tasks: readonly string[]): Promise<Measure> {
  if (tasks.length === 0) return { settled: 0, longBytes: 0 };
  const names = keys.run(run);
  const envelopes = await redis.hmget(names.results, ...tasks);
  // Searched and not decoded, as claim.lua does: within a text of the envelope these quotes would be escaped.
  const long = tasks.filter((_, at) => envelopes[at]?.includes('"by_reference":true'));
  const lengths = await Promise.all(long.map((task) => redis.strlen(names.text(task))));
  return {
    settled: envelopes.filter((envelope) => envelope !== null).length,
    longBytes: lengths.reduce((sum, bytes) => sum + bytes, 0),
  };
}

/** The first of these tasks whose texts fill an output of limits.outputChars for certain: what follows them would be cut off. */
export async function untilOutputIsFull(
  { redis, keys }: Store,
  run: string,
  tasks: readonly string[],
): Promise<readonly string[]> {
  const lengths = await Promise.all(tasks.map((task) => redis.strlen(keys.run(run).text(task))));
  let bytes = 0;
  const full = lengths.findIndex((length) => {
    bytes += length;
    return bytes > OUTPUT_BYTES;
  });
  return full === -1 ? tasks : tasks.slice(0, full + 1);
}

import { z } from 'zod';
import { DiscoveryState } from '../contracts/agent-view.ts';
import type { BatonError } from '../contracts/error.ts';
import type { Store } from '../journal/store.ts';
import type { Skipped } from './foreign.ts';

/** Entries that were passed over, of which the state tells. */
const SKIPPED_SHOWN = 100;

/** Times in milliseconds; 0 for what has not happened. `failures`: tries in a row without an answer. */
const Remembered = z.object({
  url: z.string().default(''),
  refreshed_at: z.coerce.number().default(0),
  failed_at: z.coerce.number().default(0),
  failures: z.coerce.number().default(0),
  error: z.string().default(''),
  agents: z.coerce.number().default(0),
  skipped: z.string().default('[]'),
});
export type Remembered = z.infer<typeof Remembered>;

/** What is remembered of the discovery service at `url`; nothing when it was another one. */
export async function loadRemembered({ redis, keys }: Store, url: string): Promise<Remembered> {
  const remembered = Remembered.parse(await redis.hgetall(keys.discovery));
  return remembered.url === url ? remembered : Remembered.parse({ url });
}

/** Remembers an answer. */
export async function saveAnswer(
  { redis, keys }: Store,
  answer: { readonly url: string; readonly agents: number; readonly skipped: readonly Skipped[] },
): Promise<void> {
  const skipped = JSON.stringify(answer.skipped.slice(0, SKIPPED_SHOWN));
  const fields = { url: answer.url, agents: answer.agents, skipped, refreshed_at: Date.now(), failed_at: 0 };
  await redis.hset(keys.discovery, { ...fields, failures: 0, error: '' });
}

/** Remembers a try that failed; what an earlier one gave stays. */
export async function saveFailure(store: Store, before: Remembered, error: BatonError): Promise<void> {
  const failure = { failed_at: Date.now(), failures: before.failures + 1, error: error.message };
  await store.redis.hset(store.keys.discovery, { ...before, ...failure });
}

/** As the API tells it. `now` in milliseconds. */
export function toDiscoveryState(remembered: Remembered, ttlMs: number, now: number): DiscoveryState {
  const { url, agents, refreshed_at, error, skipped } = remembered;
  const freshUntil = refreshed_at === 0 ? 0 : refreshed_at + ttlMs;
  return DiscoveryState.parse({
    url,
    agents,
    refreshed_at: toTime(refreshed_at),
    fresh_until: toTime(freshUntil),
    stale: refreshed_at > 0 && now > freshUntil,
    error: error === '' ? null : error,
    skipped: JSON.parse(skipped),
  });
}

function toTime(ms: number): string | null {
  return ms === 0 ? null : new Date(ms).toISOString();
}

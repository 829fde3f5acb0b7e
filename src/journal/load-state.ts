import type { RunState } from '../contracts/state.ts';
import type { Store } from './store.ts';

/** A run's shared state, whole; version 0 and empty while nobody has changed it. */
export async function loadState({ redis, keys }: Store, run: string): Promise<RunState> {
  const { version = '0', ...fields } = await redis.hgetall(keys.run(run).state);
  const values = Object.entries(fields).filter(([field]) => field.startsWith(':'));
  const state = values.map(([field, json]) => [field.slice(1), JSON.parse(json)] as const);
  return { version: Number(version), state: Object.fromEntries(state.toSorted(([a], [b]) => (a < b ? -1 : 1))) };
}

/** Single values of it by name; null for one that is not there. */
export async function loadStateOf(
  { redis, keys }: Store,
  run: string,
  names: readonly string[],
): Promise<Readonly<Record<string, unknown>>> {
  if (names.length === 0) return {};
  const found = await redis.hmget(keys.run(run).state, ...names.map((name) => `:${name}`));
  return Object.fromEntries(names.map((name, at) => [name, JSON.parse(found[at] ?? 'null')]));
}

import path from 'node:path';
import { BatonError } from '../contracts/error.ts';
import type { Config } from '../runtime/config.ts';
import { loadState } from '../runtime/embedded-state.ts';
import { isSameProcess } from '../runtime/process-identity.ts';

/**
 * The Redis of a process that was started by hand: REDIS_URL, else that of the `baton start` with the same BATON_HOME. It never
 * starts one, since its end would be the end of everybody's. Throws config_invalid that says what to do.
 */
export function redisUrlOf({ redisUrl, home }: Pick<Config, 'redisUrl' | 'home'>): string {
  if (redisUrl !== undefined) return redisUrl;
  const folder = path.resolve(home);
  const state = loadState(folder);
  if (state !== null && isSameProcess(state)) return `redis://127.0.0.1:${state.port}`;
  const text = `There is no Redis: set REDIS_URL, or run "baton start", which brings one, with the same BATON_HOME (${folder}).`;
  throw new BatonError('config_invalid', text);
}

import { openBaton } from './baton.ts';
import { openPlain } from './plain.ts';
import type { BenchRedis } from './redis.ts';
import type { Side, SideName } from './side.ts';

export function openSide(name: SideName, redis: BenchRedis): Side {
  return name === 'baton' ? openBaton(redis) : openPlain(redis);
}

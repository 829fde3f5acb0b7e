import type { Redis } from 'ioredis';

/** Runs are small beside a store: how full it is changes little in this time. */
const KNOWN_FOR_MS = 1_000;

export type Pressure = {
  /** The part of its maxmemory that Redis uses, as it was at most a second ago; 0 when it has no bound, or does not tell. */
  share(): Promise<number>;
};

/** Watches how full a Redis is, on a connection that stays the caller's. However many ask, it is asked once a second. */
export function openPressure(redis: Redis): Pressure {
  let asked = Number.NEGATIVE_INFINITY;
  let share: Promise<number> = Promise.resolve(0);
  return {
    share: () => {
      if (performance.now() - asked < KNOWN_FOR_MS) return share;
      asked = performance.now();
      share = redis.info('memory').then(shareOf);
      share.catch(() => {
        asked = Number.NEGATIVE_INFINITY; // whoever asked hears of it; the next one asks again
      });
      return share;
    },
  };
}

/** From the text of INFO memory. */
export function shareOf(info: string): number {
  const most = numberIn(info, 'maxmemory');
  return most === 0 ? 0 : numberIn(info, 'used_memory') / most;
}

function numberIn(info: string, name: string): number {
  return Number(new RegExp(`^${name}:(\\d+)\\r?$`, 'm').exec(info)?.[1] ?? 0);
}

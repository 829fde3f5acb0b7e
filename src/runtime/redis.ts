import { setTimeout as delay } from 'node:timers/promises';
import { Redis, type RedisOptions } from 'ioredis';
import type { Log } from './logging.ts';

/**
 * What a connection is for. blocking: commands that wait in Redis, BLOCK at most 5 s, and BullMQ's workers, which duplicate it.
 * command: everything else a worker sends; waits out an outage. request: on behalf of somebody who waits; fails instead.
 */
export type RedisRole = 'blocking' | 'command' | 'request';

/** One per change of state, not one per attempt to reconnect. */
export type Outage =
  | { readonly state: 'lost'; readonly error: Error }
  | { readonly state: 'recovered'; readonly downMs: number };

/**
 * Longer than any BLOCK or drainDelay (5 s). Without it a half-open link stops a worker silently: the next job was not taken
 * within 75 s, with it after 16-21 s (measured).
 */
const SOCKET_TIMEOUT_MS = 15_000;
const CONNECT_TIMEOUT_MS = 5_000;
const RETRY_CAP_MS = 2_000;
/** A request is answered with 503 after the second attempt to reconnect, and after 5 s at the latest. */
const REQUEST = { maxRetriesPerRequest: 1, commandTimeout: 5_000 } satisfies RedisOptions;
/** Workers wait for Redis to come back; BullMQ demands it of them. */
const PATIENT = { maxRetriesPerRequest: null } satisfies RedisOptions;
const REQUEST_RETRY_CAP_MS = 500;
/** A server that does not answer QUIT is left. */
const QUIT_MS = 1_000;

/**
 * A connection that reconnects for ever; whoever opens it closes it (closeRedis).
 *
 * Auto-pipelining stays off in all roles. Measured with ioredis 6: MULTI overtakes a command made before it in the same tick,
 * and when the link breaks in the middle of a pipeline, its unanswered commands are rejected ("Command aborted due to
 * connection close", 106 of 201) where single ones are sent again and all succeed. A worker's settle must not be lost
 * for the sake of somebody else's tokens; the publisher batches by itself.
 */
export function openRedis(url: string, role: RedisRole, onError: (outage: Outage) => void): Redis {
  const retryCapMs = role === 'request' ? REQUEST_RETRY_CAP_MS : RETRY_CAP_MS;
  const redis = new Redis(url, {
    ...(role === 'request' ? REQUEST : PATIENT),
    connectionName: `baton-${role}`,
    socketTimeout: SOCKET_TIMEOUT_MS,
    connectTimeout: CONNECT_TIMEOUT_MS,
    retryStrategy: (attempt) => retryDelayMs(attempt, retryCapMs),
  });
  watchOutages(redis, onError);
  return redis;
}

/** 50 ms, doubled each time up to the cap; half of it random, so that a fleet does not come back in one moment. */
export function retryDelayMs(attempt: number, capMs: number, random = Math.random): number {
  const full = Math.min(capMs, 50 * 2 ** Math.min(attempt - 1, 10));
  return Math.round(full / 2 + (random() * full) / 2);
}

/** The listener for openRedis that writes one line when `name` is lost and one when it is back. */
export function logOutages(log: Log, name: string): (outage: Outage) => void {
  return (outage) => {
    if (outage.state === 'lost')
      log.error({ err: outage.error, connection: name }, 'Redis does not answer; reconnecting');
    else log.info({ connection: name, downMs: outage.downMs }, 'Redis answers again');
  };
}

/** Lets commands already sent be answered, for a second at most, then hangs up. */
export async function closeRedis(redis: Redis): Promise<void> {
  if (redis.status === 'ready') {
    const timer = new AbortController();
    const timeout = delay(QUIT_MS, undefined, { signal: timer.signal });
    // A link that breaks now is as closed as one that was told to, and the timer's end is no failure.
    await Promise.race([redis.quit(), timeout]).catch(() => undefined);
    timer.abort();
    await timeout.catch(() => undefined);
  }
  redis.disconnect();
}

function watchOutages(redis: Redis, onError: (outage: Outage) => void): void {
  let lostAt: number | null = null;
  const lost = (error: Error): void => {
    if (lostAt !== null) return;
    lostAt = Date.now();
    onError({ state: 'lost', error });
  };
  redis.on('error', lost);
  // A server that ends in an orderly way closes the link without an error.
  redis.on('reconnecting', () => lost(new Error('Redis closed the connection')));
  redis.on('ready', () => {
    if (lostAt !== null) onError({ state: 'recovered', downMs: Date.now() - lostAt });
    lostAt = null;
  });
}

// The start-up gate (guarantees R6): a Redis that would lose runs silently is refused before anything is written to it.

import type { Redis } from 'ioredis';
import { BatonError } from '../contracts/error.ts';
import { isSupported, MINIMUM_VERSION } from './redis-version.ts';

/** As long as a worker waits for a Redis that is just starting. */
const GATE_MS = 10_000;
/** Times in events and ids come from several clocks; beyond this they contradict each other visibly. */
const CLOCK_SKEW_MS = 1_000;

/** What the gate looks at; null where Redis does not tell. */
export type RedisFacts = {
  readonly version: string | null;
  readonly maxmemoryPolicy: string | null;
  readonly appendonly: boolean | null;
};

/** Checks that this Redis keeps what it is given; returns what an operator should know. Throws redis_unsuitable or, after 10 s, store_unavailable. */
export async function checkRedis(redis: Redis): Promise<readonly string[]> {
  const timeout = AbortSignal.timeout(GATE_MS);
  const timedOut = new Promise<never>((_, reject) => {
    timeout.addEventListener('abort', () => reject(unavailable(redis)), { once: true });
  });
  return Promise.race([inspect(redis), timedOut]).catch((error: unknown) => {
    throw toGateError(redis, error);
  });
}

async function inspect(redis: Redis): Promise<readonly string[]> {
  // One section each: a list of them needs Redis 7, and an older one must get its own sentence.
  const sections = await Promise.all(['server', 'memory', 'persistence'].map((section) => redis.info(section)));
  const facts = factsOf(parseInfo(sections.join('\n')));
  const refusal = refusalOf(facts);
  if (refusal !== null) throw new BatonError('redis_unsuitable', refusal);
  const [appendfsync, skewMs] = await Promise.all([readAppendfsync(redis), measureSkew(redis)]);
  return warningsOf({ ...facts, appendfsync, skewMs });
}

/** INFO's text as a map: `name:value` lines; comments and empty lines are left out. */
export function parseInfo(text: string): ReadonlyMap<string, string> {
  const lines = text.split(/\r?\n/).filter((line) => line !== '' && !line.startsWith('#') && line.includes(':'));
  return new Map(lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]));
}

export function factsOf(info: ReadonlyMap<string, string>): RedisFacts {
  const aof = info.get('aof_enabled');
  return {
    version: info.get('redis_version') ?? null,
    maxmemoryPolicy: info.get('maxmemory_policy') ?? null,
    appendonly: aof === undefined ? null : aof === '1',
  };
}

/** Why this Redis cannot be used and what to do about it; null when it can. */
export function refusalOf({ version, maxmemoryPolicy }: RedisFacts): string | null {
  if (version === null || !isSupported(version)) {
    return `This Redis is version ${version ?? 'unknown'}, baton needs ${MINIMUM_VERSION} or newer: upgrade it, or point REDIS_URL at another one.`;
  }
  if (maxmemoryPolicy !== null && maxmemoryPolicy !== 'noeviction') {
    return (
      `This Redis evicts keys when its memory is full (maxmemory-policy ${maxmemoryPolicy}), and would lose runs without any error. ` +
      'Expected noeviction: run CONFIG SET maxmemory-policy noeviction and set it in redis.conf too, or point REDIS_URL at another Redis.'
    );
  }
  return null;
}

export type RedisState = RedisFacts & { readonly appendfsync: string | null; readonly skewMs: number };

/** What does not stop baton but weakens a promise, one sentence each. */
export function warningsOf(state: RedisState): readonly string[] {
  const warnings: string[] = [];
  if (state.maxmemoryPolicy === null) {
    warnings.push('Redis does not tell its maxmemory-policy; with any other than noeviction it can lose runs.');
  }
  if (state.appendonly === false) {
    warnings.push('Redis keeps no append-only file: a restart of it loses all runs. Set appendonly yes.');
  }
  if (state.appendonly !== false && state.appendfsync === 'no') {
    warnings.push(
      'Redis leaves writing to the system (appendfsync no): a crash can lose 30 s. Set appendfsync everysec.',
    );
  }
  if (Math.abs(state.skewMs) > CLOCK_SKEW_MS) {
    const direction = state.skewMs > 0 ? 'ahead of' : 'behind';
    const seconds = (Math.abs(state.skewMs) / 1_000).toFixed(1);
    warnings.push(`Redis' clock is ${seconds} s ${direction} this machine's: synchronise both (NTP).`);
  }
  return warnings;
}

/** The fsync policy, which INFO does not have; null where the user or the provider forbids CONFIG. */
async function readAppendfsync(redis: Redis): Promise<string | null> {
  try {
    const [, policy] = await redis.config('GET', 'appendfsync');
    return typeof policy === 'string' ? policy : null;
  } catch (error) {
    if (isReplyError(error)) return null;
    throw error;
  }
}

/** ms by which Redis' clock is ahead of ours, less what half the round trip can explain. */
async function measureSkew(redis: Redis): Promise<number> {
  const before = Date.now();
  const [seconds, microseconds] = await redis.time();
  const halfTripMs = (Date.now() - before) / 2;
  const skewMs = Number(seconds) * 1_000 + Number(microseconds) / 1_000 - (before + halfTripMs);
  return Math.sign(skewMs) * Math.max(0, Math.abs(skewMs) - halfTripMs);
}

function toGateError(redis: Redis, error: unknown): BatonError {
  if (!isReplyError(error)) return error instanceof BatonError ? error : unavailable(redis, error);
  const text = `Redis refuses a look at itself (${error.message}): check the user and password in REDIS_URL.`;
  return new BatonError('redis_unsuitable', text, { cause: error });
}

function unavailable(redis: Redis, cause?: unknown): BatonError {
  const { host, port, path } = redis.options;
  const text = `Redis at ${path ?? `${host}:${port}`} does not answer (waited at most ${GATE_MS / 1_000} s): is it running?`;
  return new BatonError('store_unavailable', text, { cause });
}

/** An error that Redis itself answered with; ioredis exports its class untyped. */
function isReplyError(error: unknown): error is Error {
  return error instanceof Error && error.name === 'ReplyError';
}

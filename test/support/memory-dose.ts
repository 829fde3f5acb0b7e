// Many runs, then their retention: what Redis holds before and after.
import type { Redis } from 'ioredis';
import { removeOldRuns } from '../../src/orchestrator/retention.ts';
import { seen } from './agents/scripted.ts';
import { type Engine, openEngine } from './engine.ts';
import { planOf } from './plans.ts';
import { eventually } from './processes.ts';

/** What a Redis holds. `runKeys`: those that name any run. */
export type Holding = { readonly keys: number; readonly runKeys: number; readonly bytes: number };

export type MemoryDose = {
  /** What it holds once each kind of run has been there and has left, its queues' own keys included. */
  readonly before: Holding;
  readonly full: Holding;
  readonly after: Holding;
  readonly removedPerSecond: number;
};

const RUN_ID = /r[A-Za-z0-9]{22}/;
/** Bytes that Redis holds for the connections of one engine when none of them has just carried much. */
const CLIENTS_AT_REST = 120_000;
const REST_MS = 30_000;
/** Runs under way at once. */
const AT_ONCE = 50;
/** Longer than what stays inside of an envelope. */
const long = { input_data: { words: ['x'.repeat(3_000)] } };

const plan = planOf({
  a: long,
  b: { after: ['a'] },
  c: { after: ['a'], ...long },
  m: { after: ['a'], kind: 'map', map: { over: { input: 'items' } }, input_data: { items: [1, 2, 3] } },
  bad: { input_data: { fail: true }, retries: 0, optional: true },
  j: { after: ['b', 'c', 'm', 'bad'], join: { min_fraction: 0.5, grace_ms: 3_600_000, timeout_ms: 3_600_000 } },
});

export type DoseOptions = {
  readonly runs: number;
  /** Runs that come and go before it is measured. */
  readonly warmUp: number;
  /** Waits until connections have given up their buffers, for exact figures. */
  readonly atRest: boolean;
};

/** Runs many runs on an engine of its own, and lets retention take all of them. */
export async function takeMemoryDose({ runs, warmUp, atRest }: DoseOptions): Promise<MemoryDose> {
  await using engine = await openEngine({ env: { BATON_RETENTION_MS: '3600000' } });
  await runMany(engine, warmUp);
  await removeAll(engine);
  const before = await holdingOf(engine, atRest);
  await runMany(engine, runs);
  const full = await holdingOf(engine, false);
  const began = performance.now();
  await removeAll(engine);
  const removedPerSecond = (1_000 * runs) / (performance.now() - began);
  return { before, full, removedPerSecond, after: await holdingOf(engine, atRest) };
}

async function runMany(engine: Engine, runs: number): Promise<void> {
  for (let left = runs; left > 0; left -= AT_ONCE) {
    const group = Array.from({ length: Math.min(AT_ONCE, left) }, () =>
      engine.submit(plan, { deadline_ms: 3_600_000 }),
    );
    await Promise.all(group);
    await eventually(
      async () => ((await engine.opened.store.redis.zcard(engine.opened.store.keys.openRuns)) === 0 ? true : undefined),
      60_000,
    );
    forgetCalls();
  }
}

/** The agents look through all that they saw at each call, which many thousands of calls would make slow. */
function forgetCalls(): void {
  seen.calls.length = 0;
  seen.began.clear();
  seen.ended.clear();
}

/** Retention as the leader calls it, until no run is left: one whose last job is still in its worker's hands takes another try. */
async function removeAll({ opened }: Engine): Promise<void> {
  const onError = (error: unknown): never => {
    throw error;
  };
  await eventually(async () => {
    await removeOldRuns(opened.flow, { ageMs: 0, runs: 0 }, { onError });
    return (await opened.store.redis.zcard(opened.store.keys.endedRuns)) === 0 ? true : undefined;
  }, 120_000);
}

async function holdingOf({ opened }: Engine, atRest: boolean): Promise<Holding> {
  const { redis } = opened.store;
  // BullMQ's mark of its last look for stalled jobs comes and goes.
  // What is known of agents outlives the runs, and is bounded by them.
  const ofAgents = /:(agent|outcomes):/;
  const all = await redis.keys('*');
  const keys = all.filter((key) => !key.endsWith(':stalled-check') && !ofAgents.test(key));
  const bytes = await loadBytes(redis, atRest ? CLIENTS_AT_REST : Number.POSITIVE_INFINITY);
  return { keys: keys.length, runKeys: keys.filter((key) => RUN_ID.test(key)).length, bytes };
}

/**
 * used_memory without what no run leaves: buffers of connections, the slow log (bounded), and the histogram of each command's times,
 * which Redis makes when a command is first used.
 */
async function loadBytes(redis: Redis, mostForClients: number): Promise<number> {
  await redis.slowlog('RESET');
  await redis.config('RESETSTAT');
  return eventually(async () => {
    const info = await redis.info('memory');
    const read = (name: string): number => Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(info)?.[1]);
    const clients = read('mem_clients_normal');
    return clients <= mostForClients ? read('used_memory') - clients : undefined;
  }, REST_MS);
}

// Faults in doses: small ones in each test run, the full ones by `npm run test:long`.
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'vitest';
import { percentile } from '../../bench/figure.ts';
import { openClient } from '../../src/client/client.ts';
import { cancelRun } from '../../src/orchestrator/cancel-run.ts';
import { seen } from '../support/agents/scripted.ts';
import { openTestApi } from '../support/api.ts';
import { type Engine, openEngine } from '../support/engine.ts';
import { planOf } from '../support/plans.ts';
import { eventually } from '../support/processes.ts';

/** A run takes about so long; it is cancelled somewhere in it. */
const RUN_MS = 120;
const AT_ONCE = 10;

/** Cancels runs at random instants. Gives back the ms from the request to the end, as the p99. */
export async function cancelAtRandom(engine: Engine, runs: number, random: () => number): Promise<number> {
  const took: number[] = [];
  for (let begun = 0; begun < runs; begun += AT_ONCE) {
    const batch = Array.from({ length: Math.min(AT_ONCE, runs - begun) }, () => cancelOne(engine, random() * RUN_MS));
    took.push(...(await Promise.all(batch)));
  }
  return percentile(took, 0.99);
}

async function cancelOne(engine: Engine, afterMs: number): Promise<number> {
  const run = await engine.submit(
    planOf({
      a: { input_data: { ms: 30 } },
      b: { after: ['a'], input_data: { hang: true } },
      c: { after: ['a'], input_data: { ms: 40 }, capability: 'search' },
      m: {
        after: ['a'],
        kind: 'map',
        map: { over: { input: 'items' } },
        input_data: { items: [{ ms: 20 }, { ms: 60 }] },
      },
      d: { after: ['c', 'm'] },
    }),
  );
  await pause(afterMs); // a random instant is what this is about
  const askedAt = performance.now();
  await cancelRun(engine.opened.flow, run);
  const { events } = await engine.ended(run);
  const tookMs = performance.now() - askedAt;
  expect(events.at(-1)?.name).toBe('run.cancelled');
  const begunAfter = [...seen.began].filter(([key, at]) => key.startsWith(run) && at > askedAt + tookMs);
  expect(begunAfter, 'calls that began after the end').toEqual([]);
  return tookMs;
}

/** Posts each key `posts` times at once: each is one run. */
export async function submitInParallel(engine: Engine, keys: number, posts: number): Promise<void> {
  await using api = await openTestApi(engine.redis.url);
  const client = openClient({ url: api.url });
  const plan = planOf({ a: {} });
  for (let key = 0; key < keys; key += 1) {
    const idempotencyKey = `dose-${key}-${Math.random()}`;
    const accepted = await Promise.all(
      Array.from({ length: posts }, () => client.submit({ plan }, { idempotencyKey })),
    );
    const runs = new Set(accepted.map(({ run_id }) => run_id));
    expect(runs.size).toBe(1);
    for (const run of runs) await engine.ended(run);
    const [run = ''] = runs;
    expect(seen.calls.filter(({ key: call }) => call.startsWith(run))).toHaveLength(1);
  }
}

/** A worker's locks, and how long each outage of Redis lasts at least. */
const LOCK_MS = 600;
const AWAY_MS = 900;

/** Room for what a run writes before its calls, and not for their results. */
const ROOM_BYTES = 60_000;
const WORDS_BYTES = 40_000;

/**
 * Lets Redis run full `times` while ten calls are about to deliver more than there is room for, for longer than the locks last; then
 * gives it room. Every run ends whole. Gives back the calls of agents per task.
 */
export async function deliverToFullRedis(times: number): Promise<number> {
  await using engine = await openEngine({ env: { BATON_LOCK_MS: `${10 * LOCK_MS}`, BATON_RECONCILE_MS: '500' } });
  const { redis } = engine.opened.store;
  const ids = Array.from({ length: 10 }, (_, index) => `t${index}`);
  const words = ['x'.repeat(WORDS_BYTES)];
  let calls = 0;
  for (let time = 0; time < times; time += 1) {
    const sketch = { input_data: { hold: true, words } };
    const run = await engine.submit(planOf(Object.fromEntries(ids.map((id) => [id, sketch]))));
    const called = () => seen.calls.filter(({ key }) => key.startsWith(run)).length;
    await eventually(() => (called() === ids.length ? true : undefined));
    const used = Number(/^used_memory:(\d+)/m.exec(await redis.info('memory'))?.[1]);
    await redis.config('SET', 'maxmemory', used + ROOM_BYTES);
    seen.events.emit('release');
    await eventually(async () => (/errorstat_OOM:count=/.test(await redis.info('errorstats')) ? true : undefined));
    await pause(2 * LOCK_MS); // it stays full for a while
    await redis.config('SET', 'maxmemory', 0);
    await redis.config('RESETSTAT');
    const { results } = await engine.ended(run);
    expect([...results.values()].map(({ status, response }) => [status, response.length])).toEqual(
      ids.map(() => ['completed', WORDS_BYTES]),
    );
    calls += called();
  }
  return calls / (ids.length * times);
}

/**
 * Kills Redis `outages` times, each for longer than the locks last, while the calls of ten tasks end at random instants of it.
 * Gives back the calls of agents per task: 1 when nothing was paid for twice.
 */
export async function payThroughOutages(outages: number, random: () => number): Promise<number> {
  const env = { BATON_LOCK_MS: `${LOCK_MS}`, BATON_STALLED_MS: '1000' };
  await using engine = await openEngine({ env, appendonly: true });
  let calls = 0;
  for (let outage = 0; outage < outages; outage += 1) {
    const ids = Array.from({ length: 10 }, (_, index) => `t${index}`);
    const lasting = () => ({ input_data: { ms: 150 + Math.round(random() * (AWAY_MS - 250)) } }); // they end while it is away
    const run = await engine.submit(planOf(Object.fromEntries(ids.map((id) => [id, lasting()]))));
    const called = () => seen.calls.filter(({ key }) => key.startsWith(run)).length;
    await eventually(() => (called() === ids.length ? true : undefined));
    await engine.redis.kill();
    await pause(AWAY_MS); // the outage is what this is about
    await engine.redis.restart();
    const { results } = await engine.ended(run);
    expect([...results.values()].map(({ status }) => status)).toEqual(ids.map(() => 'completed'));
    calls += called();
  }
  return calls / (10 * outages);
}

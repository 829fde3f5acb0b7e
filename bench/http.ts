// HTTP: 500 small runs posted at once as ready plans, one worker process; beside it as many plain flows.

import { openChild } from './child.ts';
import { type Figure, figureOf, median } from './figure.ts';
import { fork } from './graphs.ts';
import { openSide } from './open-side.ts';
import { type BenchRedis, loadRedisBytes, openBenchRedis } from './redis.ts';
import { type Side, type SideName, sideNames, waitForRoots } from './side.ts';

const RUNS = 500;
/** With the join and the root a run has ten jobs. */
const BRANCHES = 8;
/** Requests at the same time; the others wait in the client. */
const AT_ONCE = 50;
/** Runs before those that count: they warm the processes up. */
const WARM_UP = 100;

const plan = fork(BRANCHES);

export type HttpOptions = { readonly binary: string; readonly rounds: number };

/** Runs per second from the first request to the last end, and the bytes that a finished run of ten leaves in Redis. */
export async function measureHttp({ binary, rounds }: HttpOptions): Promise<readonly Figure[]> {
  const laps: Record<SideName, Lap[]> = { baton: [], plain: [] };
  for (let round = 0; round < rounds; round += 1) {
    for (const side of sideNames) laps[side].push(await work(binary, side));
  }
  const runs = { baton: laps.baton.map(perSecond), plain: laps.plain.map(perSecond) };
  const bytes = median(laps.baton.map((lap) => lap.bytes));
  return [
    figureOf({ workload: 'http', metric: 'runs', unit: 'runs/s' }, runs),
    { workload: 'http', metric: 'memory', unit: 'bytes/run', value: bytes, plain: null },
  ];
}

type Lap = { readonly ms: number; readonly bytes: number };

const perSecond = ({ ms }: Lap): number => (1_000 * RUNS) / ms;

async function work(binary: string, name: SideName): Promise<Lap> {
  await using redis = await openBenchRedis(binary);
  await using side = openSide(name, redis);
  await using _worker = await openChild(`${name}-worker`, [redis.url]);
  await using submit = name === 'plain' ? directly(side) : await overHttp(redis);
  await submitAll(submit, WARM_UP);
  await waitForRoots(side, { count: WARM_UP, everyMs: 10 });
  const bytesBefore = await loadRedisBytes(side.redis);
  const start = performance.now();
  await submitAll(submit, RUNS);
  await waitForRoots(side, { count: WARM_UP + RUNS, everyMs: 5 });
  const ms = performance.now() - start;
  return { ms, bytes: ((await loadRedisBytes(side.redis)) - bytesBefore) / RUNS };
}

type Submit = AsyncDisposable & { one(): Promise<unknown> };

function directly(side: Side): Submit {
  return { one: () => side.submit(plan), [Symbol.asyncDispose]: async () => undefined };
}

async function overHttp(redis: BenchRedis): Promise<Submit> {
  const api = await openChild('api', [redis.url]);
  const body = JSON.stringify({ plan });
  return {
    one: async () => {
      const headers = { 'content-type': 'application/json' };
      const response = await fetch(`${api.url}/v1/runs`, { method: 'POST', headers, body });
      if (response.status !== 202) throw new Error(`expected 202, came ${response.status}: ${await response.text()}`);
      await response.arrayBuffer();
    },
    [Symbol.asyncDispose]: () => api[Symbol.asyncDispose](),
  };
}

async function submitAll({ one }: Submit, count: number): Promise<void> {
  let begun = 0;
  const next = async (): Promise<void> => {
    while (begun < count) {
      begun += 1;
      await one();
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, next));
}

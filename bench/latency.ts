// Chain and fan: how long one run takes when the workers are idle.

import type { Plan } from '../src/contracts/plan.ts';
import { openChild } from './child.ts';
import { type Figure, figureOf, median, type Rounds } from './figure.ts';
import { chain, fan, largestPlan, lattice, sustainedPlan } from './graphs.ts';
import { openSide } from './open-side.ts';
import { openBenchRedis } from './redis.ts';
import { type Side, type SideName, sideNames, waitForRoots } from './side.ts';

const HOPS = 100;
/** Runs before those that count: a worker is a process that has been at work, and its first tasks run uncompiled. */
const WARM_UP_RUNS = 10;

export type LatencyOptions = { readonly binary: string; readonly rounds: number };

/** Milliseconds per hop of a chain of 100. */
export async function measureChain(options: LatencyOptions): Promise<readonly Figure[]> {
  const { submit, after } = await race(chain(HOPS), options);
  const perHop = { baton: after.baton.map((ms) => ms / HOPS), plain: after.plain.map((ms) => ms / HOPS) };
  return [
    figureOf({ workload: 'chain', metric: 'per_hop', unit: 'ms' }, perHop),
    figureOf({ workload: 'chain', metric: 'submit', unit: 'ms' }, submit),
  ];
}

/** Milliseconds of a fan of `width` from its submit to its end. */
export async function measureFan(width: number, options: LatencyOptions): Promise<readonly Figure[]> {
  const { submit, after } = await race(fan(width), options);
  return [
    figureOf({ workload: 'fan', metric: `after_submit_${width}`, unit: 'ms' }, after),
    figureOf({ workload: 'fan', metric: `submit_${width}`, unit: 'ms' }, submit),
  ];
}

/** Milliseconds of ten layers of ten tasks of 20 ms from submit to end: 200 at best. A plain flow cannot express it. */
export async function measureLattice(options: LatencyOptions): Promise<readonly Figure[]> {
  const { submit, after } = await race(lattice(10, 10, 20), options, ['baton']);
  const makespans = after.baton.map((ms, round) => ms + (submit.baton[round] ?? 0));
  return [{ workload: 'lattice', metric: 'makespan', unit: 'ms', value: median(makespans), plain: null }];
}

/** Milliseconds of the submit of a run of 500 tasks. */
export async function measureSubmit(options: LatencyOptions): Promise<readonly Figure[]> {
  const { submit } = await race(largestPlan, options);
  return [figureOf({ workload: 'submit', metric: 'per_run', unit: 'ms' }, submit)];
}

type Race = { readonly submit: Rounds; readonly after: Rounds };

/** Both sides by turns, on one server, each with one worker process that idles while the other one runs. */
async function race(
  plan: Plan,
  { binary, rounds }: LatencyOptions,
  sides: readonly SideName[] = sideNames,
): Promise<Race> {
  await using redis = await openBenchRedis(binary);
  await using _batonWorker = await openChild('baton-worker', [redis.url]);
  await using _plainWorker = await openChild('plain-worker', [redis.url]);
  await using baton = openSide('baton', redis);
  await using plain = openSide('plain', redis);
  for (const side of [baton, plain]) await warmUp(side);
  const laps: Record<SideName, Lap[]> = { baton: [], plain: [] };
  const all = { baton, plain };
  for (let round = 0; round < rounds; round += 1) {
    for (const side of sides) laps[side].push(await runOnce(all[side], plan, WARM_UP_RUNS + round));
  }
  const roundsOf = (pick: (lap: Lap) => number): Rounds => ({
    baton: laps.baton.map(pick),
    plain: laps.plain.map(pick),
  });
  return { submit: roundsOf((lap) => lap.submitMs), after: roundsOf((lap) => lap.afterMs) };
}

async function warmUp(side: Side): Promise<void> {
  for (let run = 0; run < WARM_UP_RUNS; run += 1) await side.submit(sustainedPlan);
  await waitForRoots(side, { count: WARM_UP_RUNS, everyMs: 10 });
}

type Lap = { readonly submitMs: number; readonly afterMs: number };

async function runOnce(side: Side, plan: Plan, endedBefore: number): Promise<Lap> {
  const start = performance.now();
  const root = await side.submit(plan);
  const submitted = performance.now();
  await waitForRoots(side, { count: endedBefore + 1, everyMs: 1 });
  const end = performance.now();
  await side.verify(root, plan);
  return { submitMs: submitted - start, afterMs: end - submitted };
}

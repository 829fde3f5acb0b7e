// Sustained: how many tasks per second one worker process does when there is always enough to do, and what each costs.

import { openChild } from './child.ts';
import { type CommandCount, openCommandCount } from './command-count.ts';
import { type Figure, figureOf, type Rounds } from './figure.ts';
import { RUN_TASKS, sustainedPlan } from './graphs.ts';
import { openSide } from './open-side.ts';
import { loadRedisBytes, loadRedisCpu, openBenchRedis } from './redis.ts';
import { type Side, type SideName, sideNames, waitForRoots } from './side.ts';

const RUNS = 50;
/** Counting commands slows the server: it has a round of its own, of fewer runs, whose time does not count. */
const COUNTED_RUNS = 10;

export type SustainedOptions = { readonly binary: string; readonly rounds: number };

/** Medians of rounds in which both sides do the same number of tasks by turns, each on an empty server of its own. */
export async function measureSustained({ binary, rounds }: SustainedOptions): Promise<readonly Figure[]> {
  const costs: Record<SideName, Cost[]> = { baton: [], plain: [] };
  const commands: Partial<Record<SideName, CommandCount>> = {};
  for (let round = 0; round < rounds; round += 1) {
    for (const side of sideNames) costs[side].push(await work({ binary, side, runs: RUNS }));
  }
  for (const side of sideNames) {
    commands[side] = (await work({ binary, side, runs: COUNTED_RUNS, isCounted: true })).commands;
  }
  return toFigures(costs, commands);
}

/** What one task cost, and how many were done in a second. */
type Cost = {
  readonly tasksPerSecond: number;
  readonly submitMicros: number;
  readonly redisMicros: number;
  readonly workerMicros: number;
  readonly bytes: number;
  readonly commands: CommandCount;
};

type Work = { readonly binary: string; readonly side: SideName; readonly runs: number; readonly isCounted?: boolean };

/** Submits all runs into a queue that is held back, starts the worker process, lets it go, and waits for the last run's end. */
async function work({ binary, side: name, runs, isCounted = false }: Work): Promise<Cost> {
  const tasks = runs * RUN_TASKS;
  await using redis = await openBenchRedis(binary);
  await using side = openSide(name, redis);
  const bytesBefore = await loadRedisBytes(side.redis);
  await side.tasks.pause();
  const { roots, submitMs } = await submitRuns(side, runs);
  await using worker = await openChild(`${name}-worker`, [redis.url]);

  const count = isCounted ? await openCommandCount(redis.port, [side.redis]) : async () => nothing;
  const redisBefore = await loadRedisCpu(side.redis);
  const workerBefore = await worker.cpuMicros();
  const start = performance.now();
  await side.tasks.resume();
  await waitForRoots(side, { count: runs, everyMs: 10 });
  const seconds = (performance.now() - start) / 1_000;
  const redisMicros = (await loadRedisCpu(side.redis)) - redisBefore;
  const workerMicros = (await worker.cpuMicros()) - workerBefore;
  const commands = await count();

  for (const root of roots) await side.verify(root, sustainedPlan);
  const bytes = (await loadRedisBytes(side.redis)) - bytesBefore;
  return {
    tasksPerSecond: tasks / seconds,
    submitMicros: (1_000 * submitMs) / tasks,
    redisMicros: redisMicros / tasks,
    workerMicros: workerMicros / tasks,
    bytes: bytes / tasks,
    commands: { client: commands.client / tasks, script: commands.script / tasks },
  };
}

type Submitted = { readonly roots: readonly string[]; readonly submitMs: number };

async function submitRuns(side: Side, runs: number): Promise<Submitted> {
  const start = performance.now();
  const roots: string[] = [];
  for (let run = 0; run < runs; run += 1) roots.push(await side.submit(sustainedPlan));
  return { roots, submitMs: performance.now() - start };
}

const nothing: CommandCount = { client: 0, script: 0 };

function toFigures(
  costs: Readonly<Record<SideName, readonly Cost[]>>,
  commands: Partial<Record<SideName, CommandCount>>,
): readonly Figure[] {
  const measured = (metric: string, unit: string, pick: (cost: Cost) => number): Figure => {
    const rounds: Rounds = { baton: costs.baton.map(pick), plain: costs.plain.map(pick) };
    return figureOf({ workload: 'sustained', metric, unit }, rounds);
  };
  const counted = (metric: string, pick: (count: CommandCount) => number): Figure => {
    const rounds: Rounds = { baton: [pick(commands.baton ?? nothing)], plain: [pick(commands.plain ?? nothing)] };
    return figureOf({ workload: 'sustained', metric, unit: 'per task' }, rounds);
  };
  return [
    measured('throughput', 'tasks/s', (cost) => cost.tasksPerSecond),
    measured('submit', 'us/task', (cost) => cost.submitMicros),
    measured('redis_cpu', 'us/task', (cost) => cost.redisMicros),
    measured('worker_cpu', 'us/task', (cost) => cost.workerMicros),
    measured('memory', 'bytes/task', (cost) => cost.bytes),
    counted('client_commands', (count) => count.client),
    counted('script_commands', (count) => count.script),
  ];
}

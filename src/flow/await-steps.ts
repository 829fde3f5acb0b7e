import type { BranchRef, Edge, JobRef } from '../contracts/job.ts';
import { runScript } from '../journal/script.ts';
import type { Flow } from './flow.ts';
import { loadFlowScript } from './flow-script.ts';
import { encodeJoin } from './join-spec.ts';

const script = loadFlowScript('await-steps', ['release', 'park', 'join']);

/** What a program's job waits for. */
export type Awaiting = {
  readonly run: string;
  readonly task: string;
  readonly job: JobRef;
  /** Counts its waits: one that is older than another changes nothing. */
  readonly place: number;
  /** Its steps that count. */
  readonly steps: readonly BranchRef[];
  readonly wake: 'all' | 'any';
  /** Ended at once, unless they have a result. */
  readonly cancelled: readonly BranchRef[];
  /** Those that go on, whether or not it waits. */
  readonly unawaited?: readonly BranchRef[];
};

/** The edge by which a program's step wakes it; task ids hold no "~". */
export function wakingEdge(task: string, job: JobRef): Edge {
  return { ...job, join: joinName(task) };
}

function joinName(task: string): string {
  return `${task}~steps`;
}

/** Lets the job wait for these steps and no others, as soon as it steps out; their jobs are there already. Repeating it is harmless. */
export async function awaitSteps({ store }: Flow, awaiting: Awaiting): Promise<void> {
  const { run, task, job, place, steps, wake, cancelled, unawaited = [] } = awaiting;
  const { redis, keys } = store;
  const names = keys.run(run);
  // `any`: whatever ends fills the quota, a failed one too. `all`: nothing short of all does.
  const need = wake === 'any' ? 0 : steps.length + 1;
  const counting = {
    seeded: { settled: 0, completed: 0 },
    grace_ms: 0,
    timeout_ms: null,
    on_timeout: 'proceed',
  } as const;
  const join = { ...counting, branches: steps, need, drop: cancelled };
  const encoded = { ...JSON.parse(encodeJoin(store, { job, join })), quiet: true };
  await runScript(redis, script, {
    keys: [
      ...[names.run, names.tasks, names.results, names.events, names.joins],
      ...[names.spawned, names.parked, names.asks, keys.interrupts],
    ],
    args: [
      ...[joinName(task), Date.now(), keys.controlChannel, run, place, JSON.stringify(encoded), wake],
      JSON.stringify([...cancelled, ...unawaited].map((step) => keys.job(step.job.queue, step.job.id))),
    ],
  });
}

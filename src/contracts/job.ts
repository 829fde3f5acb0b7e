import { z } from 'zod';
import { Capability } from './agent.ts';
import { SubTask } from './plan.ts';

/** The queue that plans runs; any worker process serves it. */
export const ORCHESTRATOR_QUEUE = 'orchestrator';
/** The queue of what must not wait behind planning: closing stopped runs, deadlines, timers. Any worker process serves it. */
export const HOUSEKEEPING_QUEUE = 'housekeeping';
/** The queue of root jobs: one per run, the synthesis. */
export const ROOT_QUEUE = 'root';

export function queueOf(capability: Capability): string {
  return `cap-${capability}`;
}

export const agentQueues: readonly string[] = Capability.options.map(queueOf);

/** A BullMQ job of ours: its queue and its id there. */
export const JobRef = z.object({ queue: z.string(), id: z.string() });
export type JobRef = z.infer<typeof JobRef>;

/** Job ids are ours and deterministic, so that adding one twice is harmless. */
export const jobIds = {
  root: (run: string): string => `${run}.root`,
  task: (run: string, index: number): string => `${run}.${index}`,
  plan: (run: string): string => `${run}.plan`,
  close: (run: string): string => `${run}.close`,
  deadline: (run: string): string => `${run}.deadline`,
  /** A map task's child, by its place in the list. */
  child: (map: string, place: number): string => `${map}.${place}`,
  /** A wait of the task whose job this is. */
  timer: (job: string, timer: string, round: number): string => `${job}.${timer}.${round}`,
};

/**
 * A dependent whose edge is ours to resolve. `join` is its task id when it has a join that counts this edge, `timed` when that
 * join's timeout begins with the first of its branches.
 */
export const Edge = JobRef.extend({ join: z.string().optional(), timed: z.boolean().optional() });
export type Edge = z.infer<typeof Edge>;

/** Data of a task's job. */
export const TaskJob = z.object({
  run_id: z.string(),
  task: SubTask,
  edges: z.array(Edge).default([]),
  /** Whether edges leave a trace in bull-board. */
  tree: z.boolean().default(true),
  /** Dependencies that must complete before it may start, unless it has a join. */
  needs: z.array(z.string()).default([]),
  /** A dependent wants the whole run to fail when this task does not complete. */
  fails_run: z.boolean().optional(),
  /** Its calls are paid from the run's budget. */
  budgeted: z.boolean().optional(),
  /** Its dependencies' texts are handed to its agent whole: limits.contextBytes bounds them together. */
  whole_inputs: z.boolean().optional(),
  /** Its outcome may change the run's plan. */
  repairable: z.boolean().optional(),
});
export type TaskJob = z.infer<typeof TaskJob>;

const plainTask = {
  kind: 'agent',
  on_dependency_failure: 'skip',
  optional: false,
  after: [],
  depends_on: [],
  input_data: {},
};
const plainJob = { edges: [], needs: [], tree: true };

/** A task's job as it is stored: without what parsing puts back, since every byte of it passes through Redis several times. */
export function toStoredJob({ task, ...job }: TaskJob): object {
  return { ...without(plainJob, job), task: without(plainTask, task) };
}

function without(defaults: Readonly<Record<string, unknown>>, from: object): object {
  const isDefault = (name: string, value: unknown): boolean =>
    Object.hasOwn(defaults, name) && JSON.stringify(defaults[name]) === JSON.stringify(value);
  return Object.fromEntries(Object.entries(from).filter(([name, value]) => !isDefault(name, value)));
}

/** What flow's scripts know of a join: which branches it has, and which tasks feed nothing else and may be dropped. */
export type JoinSpec = {
  readonly branches: readonly BranchRef[];
  /** Of the branches, those that were there from the beginning (a fork's), and how many of these had completed. */
  readonly seeded: { readonly settled: number; readonly completed: number };
  /** Branches that must have completed for it to go on early. */
  readonly need: number;
  readonly grace_ms: number;
  readonly timeout_ms: number | null;
  readonly on_timeout: 'proceed' | 'redispatch' | 'fail';
  /** Tasks all of whose dependents are this join or stand here too. Empty when late ones are kept. */
  readonly drop: readonly BranchRef[];
};
export type BranchRef = { readonly task: string; readonly job: JobRef };

/**
 * One task of a multi-parent flow. `parent` is its first dependent, or the root: BullMQ resolves that edge itself, with the job's
 * completion. `edges` are its other dependents: settle resolves those. `waitsFor` are the jobs of its dependencies.
 */
export type FlowNode = {
  readonly task: SubTask;
  readonly job: JobRef;
  readonly parent: JobRef;
  readonly edges: readonly Edge[];
  readonly waitsFor: readonly JobRef[];
  readonly needs: readonly string[];
  readonly failsRun: boolean;
  readonly join: JoinSpec | undefined;
  /** BullMQ's: 1 is taken first. */
  readonly priority: number;
};

/** A plan as jobs: dependencies before dependents. `tree` is false when bull-board would unfold too many paths. */
export type FlowGraph = {
  readonly nodes: readonly FlowNode[];
  readonly root: JobRef;
  readonly rootPriority: number;
  readonly rootWaitsFor: readonly JobRef[];
  readonly tree: boolean;
};

/** Data of a run-level job: plan, close after a stop, the end of its time, or the root. */
export const RunJob = z.object({ run_id: z.string() });
export type RunJob = z.infer<typeof RunJob>;

/** What a run-level job does: plan the run, end it after it was told to stop, or tell it to stop at its deadline. */
export type RunJobName = 'plan' | 'close' | 'deadline';

/** Data of a job that acts when a wait of one task is over: a join's grace or timeout, a question's expiry. */
export const TimerJob = RunJob.extend({
  task: z.string(),
  job: JobRef,
  timer: z.enum(['grace', 'timeout', 'expiry']),
  /** timeout: 1, or 2 after the branches were dispatched again. expiry: nothing to count. */
  round: z.int(),
});
export type TimerJob = z.infer<typeof TimerJob>;

import { randomUUID } from 'node:crypto';
import { BatonError, type FailureReport } from '../contracts/error.ts';
import { ORCHESTRATOR, ROOT_TASK } from '../contracts/ids.ts';
import type { MergeView } from '../contracts/merge.ts';
import type { Plan } from '../contracts/plan.ts';
import type { TaskResult, Usage } from '../contracts/result.ts';
import type { SessionTurn } from '../contracts/session.ts';
import type { Flow } from '../flow/flow.ts';
import { type Claim, claimTask } from '../journal/claim.ts';
import { loadResults } from '../journal/load-results.ts';
import { loadRecord, type RunRecord, workUsage } from '../journal/load-run.ts';
import { loadHistory } from '../journal/session-history.ts';
import type { Store } from '../journal/store.ts';
import type { Model } from '../llm/model.ts';
import { faultyPoints } from '../plan/interrupts.ts';
import { mergeRun } from '../plan/run-merge.ts';
import { activeTasks, type RunOutcome, runOutcome } from '../plan/run-outcome.ts';

export type RootTools = {
  readonly flow: Flow;
  /** This process, as task.started names it. */
  readonly worker: string;
  readonly model: Model;
  /** 0 to 1, for the jitter of retries. */
  readonly random: () => number;
  readonly report: FailureReport;
  /** Ends a run that was told to stop, as its stop says. */
  readonly closeStopped: (run: string) => Promise<void>;
  /** Lets the next run of an ended one's session begin. */
  readonly startNext: (run: string) => Promise<void>;
};

/** What a run's tasks came to. */
export type SettledRun = {
  readonly query: string;
  /** Tokens of planning and of this run's own tasks, map tasks' children included. */
  readonly usage: Usage | null;
  /** Without what patches have replaced or made up for. */
  readonly plan: Plan;
  /** In the plan's order. */
  readonly results: readonly TaskResult[];
  readonly outcome: RunOutcome;
  /** How much each result counts in the answer; null when none completed. */
  readonly merge: MergeView | null;
  /** What was asked and answered before in its session, oldest first. */
  readonly earlier: readonly SessionTurn[];
  /** The synthesis is paid from the run's budget. */
  readonly budgeted: boolean;
  /** Its plan was made by a planner. */
  readonly isPlanned: boolean;
  /** Calls of the model so far. */
  readonly modelCalls: number;
};

/** One attempt of a run's root that owns it. */
export type RootAttempt = {
  readonly tools: RootTools;
  readonly run: string;
  readonly epoch: number;
  /** Attempts whose synthesis failed before this one. */
  readonly failures: number;
  readonly signal: AbortSignal;
};

/** Claims the root of a run; task.started voids the answer's tokens of any attempt before. */
export function claimRoot({ flow, worker }: RootTools, run: string): Promise<Claim> {
  return claimTask(flow.store, {
    run,
    task: ROOT_TASK,
    token: randomUUID(),
    dependencies: [],
    needed: 0,
    announce: [{ name: 'task.started', agent_id: ORCHESTRATOR, data: 'Collecting the results...', detail: { worker } }],
  });
}

/** Reads what a run's tasks came to. */
export async function loadSettled(store: Store, run: string): Promise<SettledRun> {
  const record = await loadRecord(store, run);
  if (record === undefined || record.plan === null) throw new BatonError('run_not_found');
  const { plan, query } = record;
  // Map tasks have their children's texts in their own: those may be more than a process can hold.
  const recorded = await loadResults(store, run, new Set(plan.sub_tasks.map(({ task_id }) => task_id)));
  const active = { ...plan, sub_tasks: [...activeTasks(plan, recorded)] };
  const results = active.sub_tasks.flatMap((task) => recorded.get(task.task_id) ?? []);
  const budgeted = record.options.budget !== undefined;
  const usage = workUsage(record, recorded.values());
  const merge = mergeRun(plan, recorded);
  const earlier = await loadHistory(store, run, record.session);
  const calls = { isPlanned: record.model !== null, modelCalls: record.model_calls };
  const outcome = outcomeOf(record, plan, recorded);
  return { query, usage, plan: active, results, budgeted, merge, earlier, outcome, ...calls };
}

/** A planner names its tasks as it likes, so of a query's points that name none this is the first that can be said. */
function outcomeOf(
  { options, warnings }: RunRecord,
  plan: Plan,
  recorded: ReadonlyMap<string, TaskResult>,
): RunOutcome {
  const outcome = runOutcome(plan, recorded);
  const points = faultyPoints(plan, options).map(({ path, message }) => `${path}: ${message}`);
  return { ...outcome, warnings: [...outcome.warnings, ...points, ...(warnings ?? [])] };
}

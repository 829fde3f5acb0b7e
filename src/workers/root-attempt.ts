import { randomUUID } from 'node:crypto';
import { BatonError, type FailureReport } from '../contracts/error.ts';
import { ORCHESTRATOR, ROOT_TASK } from '../contracts/ids.ts';
import type { Plan } from '../contracts/plan.ts';
import type { TaskResult, Usage } from '../contracts/result.ts';
import type { Flow } from '../flow/flow.ts';
import { type Claim, claimTask } from '../journal/claim.ts';
import { loadRecord, loadResults } from '../journal/load-run.ts';
import type { Store } from '../journal/store.ts';
import type { Model } from '../llm/model.ts';
import { type RunOutcome, runOutcome } from '../plan/run-outcome.ts';

export type RootTools = {
  readonly flow: Flow;
  readonly model: Model;
  /** How long a finished run is kept, in milliseconds. */
  readonly retentionMs: number;
  /** 0 to 1, for the jitter of retries. */
  readonly random: () => number;
  readonly report: FailureReport;
};

/** What a run's tasks came to. */
export type SettledRun = {
  readonly query: string;
  /** Tokens of planning. */
  readonly planUsage: Usage | null;
  readonly plan: Plan;
  /** In the plan's order. */
  readonly results: readonly TaskResult[];
  readonly outcome: RunOutcome;
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
export function claimRoot(store: Store, run: string): Promise<Claim> {
  return claimTask(store, {
    run,
    task: ROOT_TASK,
    token: randomUUID(),
    dependencies: [],
    needed: 0,
    announce: [{ name: 'task.started', agent_id: ORCHESTRATOR, data: 'Collecting the results...', detail: {} }],
  });
}

/** Reads what a run's tasks came to. */
export async function loadSettled(store: Store, run: string): Promise<SettledRun> {
  const record = await loadRecord(store, run);
  if (record === undefined || record.plan === null) throw new BatonError('run_not_found');
  const { plan, query, plan_usage: planUsage } = record;
  const recorded = await loadResults(store, run);
  const results = plan.sub_tasks.flatMap((task) => recorded.get(task.task_id) ?? []);
  return { query, planUsage, plan, results, outcome: runOutcome(plan, recorded) };
}

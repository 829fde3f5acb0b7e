import type { SubTask } from '../contracts/plan.ts';
import type { TaskResult } from '../contracts/result.ts';
import type { RunLinks, RunSummary, RunView, TaskView } from '../contracts/run.ts';
import { loadQuestions, type Question, toInterruptView } from '../journal/load-asks.ts';
import { loadBudget } from '../journal/load-budget.ts';
import {
  listRuns,
  loadRun,
  type RunHead,
  type RunRecord,
  type RunState,
  type TaskProgress,
  totalUsage,
} from '../journal/load-run.ts';
import type { Store } from '../journal/store.ts';
import { mergeRun } from '../plan/run-merge.ts';
import { taskLogOf } from '../plan/task-log.ts';

/** A run as the API shows it; undefined when there is none. Long texts of tasks that are not `wanted` stay empty: undefined wants all. */
export async function viewRun(store: Store, run: string, wanted?: ReadonlySet<string>): Promise<RunView | undefined> {
  const state = await loadRun(store, run, wanted);
  if (state === undefined) return undefined;
  const view = toView(run, state, await loadQuestions(store, run));
  return state.record.options.budget === undefined ? view : { ...view, budget: await loadBudget(store, run) };
}

/** A page of runs, newest first, and where the next page begins. */
export async function viewRuns(
  store: Store,
  page: { offset: number; limit: number },
): Promise<{ runs: readonly RunSummary[]; next: number | null }> {
  const { runs, next } = await listRuns(store, page);
  return { runs: runs.map(([id, head]) => toSummary(id, head)), next };
}

/** Where a run's parts are, as paths below the API's address. */
export function linksOf(run: string): { self: string; events: string; cancel: string } {
  const self = `/v1/runs/${run}`;
  return { self, events: `${self}/events`, cancel: `${self}/cancel` } satisfies typeof RunLinks._output;
}

/** A run as lists show it. */
export function toSummary(run: string, record: RunHead): RunSummary {
  return {
    run_id: run,
    status: record.status,
    query: record.query,
    created_at: new Date(record.created_at).toISOString(),
    ended_at: record.ended_at === undefined ? null : new Date(record.ended_at).toISOString(),
    partial: record.partial === '1',
    links: linksOf(run),
  };
}

function toView(
  run: string,
  { record, progress, results, children }: RunState,
  questions: readonly Question[],
): RunView {
  const open = questions.filter(({ resolution }) => resolution === undefined);
  const asked = new Set(open.map(({ ask }) => ask.task_id));
  const tasks = record.plan?.sub_tasks ?? [];
  const spawned = tasks.flatMap(({ task_id }) => (children.get(task_id) ?? []).map(({ task }) => task));
  const show = (task: SubTask): TaskView => {
    const view = toTaskView(task, results.get(task.task_id), progress.get(task.task_id));
    const isWaiting = asked.has(task.task_id) && !results.has(task.task_id);
    return isWaiting ? { ...view, status: 'waiting' } : view;
  };
  return {
    ...toSummary(run, record),
    metadata: record.metadata,
    plan: record.plan,
    plan_revision: record.revision,
    tasks: tasks.map(show),
    results: [...tasks, ...spawned].flatMap((task) => results.get(task.task_id) ?? []),
    response: record.response ?? null,
    error: record.error,
    warnings: record.warnings ?? [],
    usage: totalUsage(record, results.values()),
    model_calls: record.model_calls,
    model: record.model,
    options: record.options,
    mode: record.mode,
    paused: record.paused !== undefined,
    interrupts: questions.map(toInterruptView),
    budget: null,
    fork: record.fork,
    session: record.session && { ...record.session, waiting: isHeld(record) },
    plan_ref: record.plan_ref,
    strategy: record.plan?.strategy ?? null,
    task_log: taskLogOf(record.plan, results),
    merge: record.plan === null ? null : mergeRun(record.plan, results),
    spawned: spawned.map(show),
  };
}

/** One that was stopped before its turn came keeps its mark. */
function isHeld({ held, status }: RunRecord): boolean {
  return held !== undefined && status === 'queued';
}

/** A task's state follows from what is recorded: a result, else a claim, else nothing. */
function toTaskView(task: SubTask, result: TaskResult | undefined, progress: TaskProgress | undefined): TaskView {
  const claimed = progress !== undefined && progress.epoch > 0 && !progress.isBackingOff;
  return {
    task_id: task.task_id,
    description: task.description,
    required_capability: task.required_capability,
    depends_on: task.depends_on,
    kind: task.kind,
    status: result?.status ?? (claimed ? 'running' : 'pending'),
    agent_id: result?.agent_id ?? progress?.agent ?? null,
    attempts: result?.attempts ?? progress?.epoch ?? 0,
    ...(result?.recovered_by === undefined ? {} : { recovered_by: result.recovered_by }),
    ...(result?.superseded_by === undefined ? {} : { superseded_by: result.superseded_by }),
  };
}

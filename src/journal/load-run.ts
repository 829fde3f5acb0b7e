import { z } from 'zod';
import { ORCHESTRATOR, RunId } from '../contracts/ids.ts';
import { limits } from '../contracts/limits.ts';
import { Metadata, Plan, type SubTask } from '../contracts/plan.ts';
import { addUsage, type TaskResult, Usage } from '../contracts/result.ts';
import type { Child } from '../contracts/round.ts';
import { RunStatus, Stop } from '../contracts/run.ts';
import { ModeDecision, plainOptions, RunOptions } from '../contracts/run-options.ts';
import { SessionPlace } from '../contracts/session.ts';
import { PinnedPlan } from '../contracts/stored-plan.ts';
import { loadResults } from './load-results.ts';
import { loadSpawned } from './load-rounds.ts';
import type { Store } from './store.ts';

const json = <S extends z.ZodType>(schema: S) =>
  z
    .string()
    .transform((text): unknown => JSON.parse(text))
    .pipe(schema);
const orNull = <S extends z.ZodType>(schema: S) =>
  z.preprocess((text) => (text === '' || text === undefined ? null : text), z.union([z.null(), json(schema)]));

/** The run hash as it is read back. */
const RunRecord = z.object({
  status: RunStatus,
  query: z.string(),
  plan: orNull(Plan),
  /** Present once the plan has been validated and recorded by the plan job. */
  planned: z.string().optional(),
  metadata: json(Metadata),
  created_at: z.coerce.number(),
  ended_at: z.coerce.number().optional(),
  /** Why the run was told to stop. */
  stop: orNull(Stop),
  options: orNull(RunOptions).transform((options) => options ?? plainOptions),
  mode: orNull(ModeDecision),
  paused: z.string().optional(),
  /** Present once all jobs of the flow have been added. */
  submitted: z.string().optional(),
  deadline_at: z.coerce.number().optional(),
  /** How often its plan was patched, and what asking for that took. */
  revision: z.coerce.number().default(0),
  patch_prompt_tokens: z.coerce.number().default(0),
  patch_completion_tokens: z.coerce.number().default(0),
  /** Calls of the model: by planning, the answer, and agents that are a role for it. */
  model_calls: z.coerce.number().default(0),
  /** The run it was forked from, and the tasks whose results it re-uses. */
  fork: orNull(z.object({ from: RunId, reused: z.array(z.string()) })),
  session: orNull(SessionPlace),
  /** Present until its turn in the session comes. */
  held: z.string().optional(),
  /** The stored plan that it carries out. */
  plan_ref: orNull(PinnedPlan),
  response: z.string().optional(),
  error: orNull(z.object({ code: z.string(), message: z.string() })),
  warnings: orNull(z.array(z.string())),
  partial: z.string().optional(),
  model: orNull(z.object({ name: z.string(), offline: z.boolean() })),
  plan_usage: orNull(Usage),
  answer_usage: orNull(Usage),
});
export type RunRecord = z.infer<typeof RunRecord>;

/** The few fields of it that a list shows: a plan and an answer may be large. */
const RunHead = RunRecord.pick({ status: true, query: true, created_at: true, ended_at: true, partial: true });
export type RunHead = z.infer<typeof RunHead>;
const headFields = Object.keys(RunHead.shape);

/** What the journal knows of one task before it has settled. */
export type TaskProgress = {
  readonly epoch: number;
  readonly agent: string | null;
  /** Its last attempt has failed, and the next one has not begun. */
  readonly isBackingOff: boolean;
};

/** Everything recorded of a run. */
export type RunState = {
  readonly record: RunRecord;
  readonly progress: ReadonlyMap<string, TaskProgress>;
  readonly results: ReadonlyMap<string, TaskResult>;
  /** By map task. */
  readonly children: ReadonlyMap<string, readonly Child[]>;
};

/** Reads a run's record alone; undefined when there is none (never was, or removed after retention). */
export async function loadRecord({ redis, keys }: Store, run: string): Promise<RunRecord | undefined> {
  const fields = await redis.hgetall(keys.run(run).run);
  return fields.status === undefined ? undefined : RunRecord.parse(fields);
}

/** Reads a run whole: its record, its tasks' progress and all results; with long texts as loadResults. */
export async function loadRun(store: Store, run: string, wanted?: ReadonlySet<string>): Promise<RunState | undefined> {
  const record = await loadRecord(store, run);
  if (record === undefined) return undefined;
  const tasks = await store.redis.hgetall(store.keys.run(run).tasks);
  const children = await loadSpawned(store, run);
  const ids = [...(record.plan?.sub_tasks ?? []), ...[...children.values()].flat().map(({ task }) => task)];
  const results = await loadResults(store, run, wanted);
  return { record, children, progress: progressOf(ids, tasks), results };
}

function progressOf(
  known: readonly SubTask[],
  tasks: Readonly<Record<string, string>>,
): ReadonlyMap<string, TaskProgress> {
  return new Map(
    known.map(({ task_id }) => {
      const epoch = Number(tasks[`${task_id}:epoch`] ?? 0);
      const isBackingOff = epoch > 0 && tasks[`${task_id}:failed_epoch`] === String(epoch);
      const agent = tasks[`${task_id}:agent`] ?? ORCHESTRATOR;
      return [task_id, { epoch, agent: agent === ORCHESTRATOR ? null : agent, isBackingOff }];
    }),
  );
}

/** Tokens of planning, of patches and of a run's own tasks: what the results it re-uses once cost is another run's. Null when nobody counted. */
export function workUsage(record: RunRecord, results: Iterable<TaskResult>): Usage | null {
  const reused = new Set(record.fork?.reused ?? []);
  const maps = (record.plan?.sub_tasks ?? []).filter(({ kind, task_id }) => kind === 'map' && reused.has(task_id));
  const lists = new Set(maps.map(({ task_id }) => task_id));
  // Only items of a map are called so: plan/validate-kinds.ts.
  const isReused = (id: string): boolean => reused.has(id) || lists.has(id.replace(/\.\d+$/, ''));
  const own = [...results].filter((result) => !isReused(result.task_id));
  return addUsage([record.plan_usage, patchUsage(record), ...own.map((result) => result.usage)]);
}

function patchUsage({ patch_prompt_tokens: prompt_tokens, patch_completion_tokens: completion_tokens }: RunRecord) {
  const total_tokens = prompt_tokens + completion_tokens;
  return total_tokens === 0 ? null : { prompt_tokens, completion_tokens, total_tokens };
}

/** The same, and the answer's. */
export function totalUsage(record: RunRecord, results: Iterable<TaskResult>): Usage | null {
  return addUsage([workUsage(record, results), record.answer_usage]);
}

export type RunPage = {
  readonly runs: readonly (readonly [id: string, head: RunHead])[];
  readonly next: number | null;
};

/** Runs, newest first, from `offset` on; at most limits.pageRuns at a time. A run removed meanwhile is left out. */
export async function listRuns({ redis, keys }: Store, page: { offset: number; limit: number }): Promise<RunPage> {
  const size = Math.min(page.limit, limits.pageRuns);
  const ids = await redis.zrevrange(keys.runs, page.offset, page.offset + size);
  const shown = ids.slice(0, size);
  const heads = await Promise.all(shown.map((id) => loadHead({ redis, keys }, id)));
  const runs = shown.flatMap((id, index) => {
    const head = heads[index];
    return head === undefined ? [] : [[id, head] as const];
  });
  return { runs, next: ids.length > size ? page.offset + size : null };
}

/** Reads a run's head alone; undefined when there is none. Also the cheapest way to its status. */
export async function loadHead({ redis, keys }: Store, run: string): Promise<RunHead | undefined> {
  const values = await redis.hmget(keys.run(run).run, ...headFields);
  if (values.every((value) => value === null)) return undefined;
  return RunHead.parse(
    Object.fromEntries(headFields.flatMap((name, at) => (values[at] === null ? [] : [[name, values[at]]]))),
  );
}

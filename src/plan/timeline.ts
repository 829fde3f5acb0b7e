import type { Plan, SubTask } from '../contracts/plan.ts';
import type { Timeline, TimelineAttempt, TimelineTask } from '../contracts/timeline.ts';
import { criticalPathOf } from './critical-path.ts';
import type { AttemptMarks, TaskMarks, TimelineState } from './fold-timeline.ts';
import { graphOf, predecessorsOf } from './graph.ts';

type Moment = number | null;

/** A task of the plan, or a child of one, with what is known of it and when it could begin. */
type Row = {
  readonly task_id: string;
  readonly kind: string;
  readonly parent: string | null;
  readonly marks: TaskMarks | undefined;
  readonly queued: Moment;
};

/** The timeline of a run as its events have told it so far; without a plan it has no tasks. */
export function timelineOf(state: TimelineState, plan: Plan | null): Timeline {
  const tasks = plan?.sub_tasks ?? [];
  const rows = tasks.flatMap((task) => rowsOf(state, task));
  const durations = new Map(rows.flatMap((row) => durationSoFar(state, row)));
  const work = rows.reduce((sum, row) => sum + (isSpread(row) ? 0 : (durations.get(row.task_id) ?? 0)), 0);
  const makespan = makespanOf(state, rows);
  const predecessors = (task: SubTask): readonly string[] => waitedFor(state, task);
  return {
    run_id: state.run,
    complete: state.complete,
    started_at: instant(state.created),
    planned_at: instant(state.planned),
    first_token_at: instant(state.firstToken),
    ended_at: instant(state.ended),
    makespan_ms: makespan,
    work_ms: work,
    parallel_speedup: makespan === null || makespan === 0 ? null : work / makespan,
    critical_path: criticalPathOf({ graph: graphOf({ sub_tasks: [...tasks] }), durations, predecessors }),
    tasks: rows.map(toTask),
  };
}

function rowsOf(state: TimelineState, task: SubTask): readonly Row[] {
  const marks = state.tasks.get(task.task_id);
  const own = { task_id: task.task_id, kind: task.kind, parent: null, marks, queued: queuedAt(state, task) };
  const children = (marks?.children ?? []).map(({ task_id, kind }): Row => {
    const known = state.tasks.get(task_id);
    return { task_id, kind, parent: task.task_id, marks: known, queued: known?.spawned ?? null };
  });
  return [own, ...children];
}

/** A join that went on early has not waited for its late branches. */
function waitedFor(state: TimelineState, task: SubTask): readonly string[] {
  const late = state.tasks.get(task.task_id)?.late ?? [];
  return predecessorsOf(task).filter((id) => !late.includes(id));
}

function queuedAt(state: TimelineState, task: SubTask): Moment {
  const marks = state.tasks.get(task.task_id);
  const ends = waitedFor(state, task).map((id) => state.tasks.get(id)?.ended ?? null);
  const moments = [state.planned, marks?.spawned ?? null, marks?.released ?? null].filter((moment) => moment !== null);
  const known = ends.filter((moment) => moment !== null);
  if (known.length < ends.length) return null;
  return moments.length + known.length === 0 ? null : Math.max(...moments, ...known);
}

function startedAt({ kind, marks }: Row): Moment {
  return marks?.attempts[0]?.started ?? (kind === 'approval' ? (marks?.asked ?? null) : null);
}

/** What a task has taken, or has until the newest event. */
function durationSoFar({ last }: TimelineState, row: Row): readonly (readonly [string, number])[] {
  const started = startedAt(row);
  const until = row.marks?.ended ?? last;
  return started === null || until === null ? [] : [[row.task_id, until - started]];
}

/** Its time is its children's. */
function isSpread({ marks }: Row): boolean {
  return marks !== undefined && marks.children.length > 0;
}

function makespanOf({ planned, last }: TimelineState, rows: readonly Row[]): Moment {
  const begun = rows.filter((row) => startedAt(row) !== null);
  if (begun.length === 0) return null;
  const begin = planned ?? Math.min(...begun.map((row) => startedAt(row) ?? 0));
  return Math.max(...begun.map(({ marks }) => marks?.ended ?? last ?? begin)) - begin;
}

function toTask(row: Row): TimelineTask {
  const { task_id, kind, parent, marks, queued } = row;
  const attempts = marks?.attempts ?? [];
  const started = startedAt(row);
  const firstTokens = attempts.map(({ firstToken }) => firstToken).filter((moment) => moment !== null);
  return {
    task_id,
    kind,
    parent,
    status: marks?.status ?? 'pending',
    queued_at: instant(queued),
    started_at: instant(started),
    first_token_at: instant(firstTokens[0] ?? null),
    ended_at: instant(marks?.ended ?? null),
    attempts: attempts.map(toAttempt),
    metrics: metricsOf(marks, started),
  };
}

function toAttempt({ attempt, agent, worker, started, firstToken, ended, outcome }: AttemptMarks): TimelineAttempt {
  return {
    attempt,
    agent_id: agent,
    worker,
    started_at: new Date(started).toISOString(),
    first_token_at: instant(firstToken),
    ended_at: instant(ended),
    outcome,
  };
}

function metricsOf(marks: TaskMarks | undefined, started: Moment): TimelineTask['metrics'] {
  const ended = (marks?.attempts ?? []).filter((attempt) => attempt.ended !== null);
  const good = ended.filter(({ outcome }) => outcome === 'completed');
  const { usage = null, confidence = null } = marks ?? {};
  const seconds = good.map((attempt) => ((attempt.ended ?? 0) - attempt.started) / 1_000).at(-1) ?? 0;
  return {
    duration_ms: started === null || marks?.ended == null ? null : marks.ended - started,
    tokens: usage?.total_tokens ?? null,
    tokens_per_second: usage === null || seconds === 0 ? null : usage.completion_tokens / seconds,
    success_rate: ended.length === 0 ? null : good.length / ended.length,
    confidence,
  };
}

function instant(moment: Moment): string | null {
  return moment === null ? null : new Date(moment).toISOString();
}

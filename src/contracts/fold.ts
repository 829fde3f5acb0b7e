import { agentOf, type EventDetail, isTerminalEvent, type StreamEvent } from './event.ts';
import { ROOT_TASK } from './ids.ts';
import { type RunStatus, RunView, type TaskStatus, type TaskView } from './run.ts';

type Failure = { readonly code: string; readonly message: string };

/** A text as it grows. `ending` is the kind of its last piece: whole messages stand apart by a blank line. */
export type FoldedText = { readonly text: string; readonly ending: 'token' | 'message' | null };

/** One task as its events tell it: TaskView's fields, and the exact text of its current attempt. */
export type FoldedTask = Readonly<TaskView> &
  FoldedText & {
    /** Why it failed or was skipped, or why its last attempt did. */
    readonly error: Failure | null;
    /** Milliseconds of the attempt that completed. */
    readonly latency_ms: number | null;
  };

/** A run as its events tell it so far. Tasks stand in the plan's order. */
export type FoldedRun = {
  readonly run_id: string | null;
  readonly query: string;
  readonly status: RunStatus;
  readonly reasoning: string;
  readonly model: { readonly name: string; readonly offline: boolean } | null;
  readonly tasks: readonly FoldedTask[];
  /** `whole` once the recorded answer is there. */
  readonly answer: FoldedText & { readonly attempt: number; readonly whole: boolean };
  readonly error: Failure | null;
  readonly partial: boolean;
  readonly warnings: readonly string[];
  /** The id to resume after. */
  readonly last_event_id: string | null;
  /** True once events were missing (stream.gap): texts of tasks that ran then may lack their beginning; GET /v1/runs/{id} has them. */
  readonly gap: boolean;
  /** True after the terminal event. */
  readonly ended: boolean;
};

const settled: ReadonlySet<TaskStatus> = new Set(['completed', 'failed', 'skipped']);

export const emptyRun: FoldedRun = {
  run_id: null,
  query: '',
  status: 'queued',
  reasoning: '',
  model: null,
  tasks: [],
  answer: { text: '', ending: null, attempt: 0, whole: false },
  error: null,
  partial: false,
  warnings: [],
  last_event_id: null,
  gap: false,
  ended: false,
};

/**
 * The run after one more event; pure, and cheap enough for every token. Text of an attempt is void once a later one starts
 * (guarantees I10), so what is held is always the exact text.
 */
export function foldEvent(run: FoldedRun, event: StreamEvent): FoldedRun {
  const next = withQuestions(event.task_id === ROOT_TASK ? foldRootEvent(run, event) : withTask(run, event), event);
  return { ...next, run_id: event.run_id, last_event_id: event.id, ended: run.ended || isTerminalEvent(event.name) };
}

/** All of a run's events, or a beginning of them, folded. */
export function foldEvents(events: Iterable<StreamEvent>): FoldedRun {
  let run = emptyRun;
  for (const event of events) run = foldEvent(run, event);
  return run;
}

/** A run waits while a question to a human is open. */
function withQuestions(run: FoldedRun, event: StreamEvent): FoldedRun {
  if (event.name === 'interrupt.requested') return { ...run, status: 'waiting' };
  const isAnswered = event.name === 'interrupt.resolved' && event.detail.open === 0 && run.status === 'waiting';
  return isAnswered ? { ...run, status: run.tasks.length === 0 ? 'planning' : 'running' } : run;
}

function foldRootEvent(run: FoldedRun, event: StreamEvent): FoldedRun {
  switch (event.name) {
    case 'run.created':
      return { ...run, query: event.detail.query };
    case 'run.phase':
      return { ...run, status: event.detail.status };
    case 'plan.ready':
      return withPlan(run, event.detail);
    case 'plan.patched':
      return withPatch(run, event.detail);
    case 'task.started':
      return { ...run, answer: begin(run.answer, event.attempt) };
    case 'answer.token':
      return run.answer.whole ? run : { ...run, answer: append(begin(run.answer, event.attempt), 'token', event.data) };
    case 'answer.message': // whatever was heard of it before
      return { ...run, answer: { text: event.data, ending: 'message', attempt: event.attempt, whole: true } };
    case 'run.completed': {
      const { partial, warnings } = event.detail;
      return { ...run, status: 'completed', partial, warnings };
    }
    case 'run.failed':
      return { ...run, status: 'failed', error: event.detail.error };
    case 'run.cancelled':
      return { ...run, status: 'cancelled', error: { code: 'run_cancelled', message: event.detail.reason } };
    case 'stream.gap':
      return withSnapshot({ ...run, gap: true }, event.detail.snapshot);
    default:
      return run;
  }
}

/** An outcome is recorded once. What still comes after it is older than a snapshot, which has it already. */
function foldTaskEvent(task: FoldedTask, event: StreamEvent): FoldedTask {
  if (settled.has(task.status)) return task;
  const current = beginTask(task, event.attempt);
  switch (event.name) {
    case 'agent.selected':
      return { ...current, agent_id: event.agent_id };
    case 'task.started':
      return { ...current, status: 'running', agent_id: agentOf(event) };
    case 'task.token':
      return append(current, 'token', event.data);
    case 'task.message':
      return append(current, 'message', event.data);
    case 'task.retrying':
      return { ...current, status: 'pending', error: event.detail.error };
    case 'task.skipped':
      return { ...current, status: 'skipped', error: event.detail.reason };
    case 'task.failed':
      return { ...current, status: 'failed', error: event.detail.error };
    case 'task.reused':
      return { ...current, status: event.detail.status, agent_id: agentOf(event) };
    case 'interrupt.requested':
      return { ...current, status: 'waiting' };
    case 'interrupt.resolved':
      return { ...current, status: 'pending' };
    case 'task.completed':
      return {
        ...current,
        status: 'completed',
        agent_id: event.agent_id,
        error: null,
        latency_ms: event.detail.latency_ms,
      };
    default:
      return current;
  }
}

function withTask(before: FoldedRun, event: StreamEvent): FoldedRun {
  const run = event.name === 'task.spawned' ? withAdded(before, event.detail) : before;
  const index = run.tasks.findIndex((task) => task.task_id === event.task_id);
  const after = foldTaskEvent(run.tasks[index] ?? newTask({ task_id: event.task_id }), event);
  return { ...run, tasks: index === -1 ? [...run.tasks, after] : run.tasks.with(index, after) };
}

function withPlan(run: FoldedRun, { reasoning, model, tasks }: EventDetail<'plan.ready'>): FoldedRun {
  const reused = new Map(run.tasks.map((task) => [task.task_id, task]));
  return {
    ...run,
    reasoning,
    model,
    tasks: tasks.map((task) => ({ ...newTask(task), ...reusedOf(reused.get(task.task_id)) })),
  };
}

/** What a fork has of a task before there is a plan. */
function reusedOf(task: FoldedTask | undefined): Pick<FoldedTask, 'status' | 'agent_id'> | undefined {
  return task && { status: task.status, agent_id: task.agent_id };
}

/** The new tasks stand at the end; what is replaced is skipped by the next events. */
function withPatch(run: FoldedRun, detail: EventDetail<'plan.patched'>): FoldedRun {
  const { revision, task_id, superseded } = detail;
  const patched = run.tasks.map((task) => {
    if (task.task_id === task_id) return { ...task, recovered_by: revision };
    return superseded.includes(task.task_id) ? { ...task, superseded_by: revision } : task;
  });
  return withAdded({ ...run, tasks: patched }, detail);
}

/** Those that are known already, from a snapshot, stay as they are. */
function withAdded(run: FoldedRun, { tasks }: Pick<EventDetail<'task.spawned'>, 'tasks'>): FoldedRun {
  const known = new Set(run.tasks.map(({ task_id }) => task_id));
  return { ...run, tasks: [...run.tasks, ...tasks.filter(({ task_id }) => !known.has(task_id)).map(newTask)] };
}

/** What a reader gets instead of trimmed events: the run as GET /v1/runs/{id} shows it. Another snapshot changes nothing. */
function withSnapshot(run: FoldedRun, snapshot: unknown): FoldedRun {
  const view = RunView.safeParse(snapshot).data;
  if (view === undefined) return run;
  const { query, status, partial, warnings, error, model } = view;
  const results = new Map(view.results.map((result) => [result.task_id, result]));
  const tasks = [...view.tasks, ...view.spawned].map((task) => {
    const { response: text = '', error: reason = null, latency_ms = null } = results.get(task.task_id) ?? {};
    return { ...task, text, ending: null, error: reason, latency_ms };
  });
  const answer = { ...run.answer, text: view.response ?? '', ending: null, whole: view.response !== null };
  return { ...run, query, status, partial, warnings, error, model, tasks, answer };
}

function newTask(known: Partial<TaskView> & Pick<TaskView, 'task_id'>): FoldedTask {
  return {
    description: '',
    required_capability: '',
    depends_on: [],
    kind: 'agent',
    status: 'pending',
    agent_id: null,
    attempts: 0,
    text: '',
    ending: null,
    error: null,
    latency_ms: null,
    ...known,
  };
}

/** A later attempt voids the text of the one before; the same or an earlier one changes nothing. */
function begin(answer: FoldedRun['answer'], attempt: number): FoldedRun['answer'] {
  return attempt > answer.attempt && !answer.whole ? { text: '', ending: null, attempt, whole: false } : answer;
}

function beginTask(task: FoldedTask, attempt: number): FoldedTask {
  return attempt > task.attempts ? { ...task, text: '', ending: null, attempts: attempt } : task;
}

/** As the text is recorded: tokens follow each other, a message has a blank line before and after it. */
function append<T extends FoldedText>(to: T, ending: 'token' | 'message', piece: string): T {
  const apart = to.ending === 'message' || (to.ending === 'token' && ending === 'message');
  return { ...to, text: apart ? `${to.text}\n\n${piece}` : to.text + piece, ending };
}

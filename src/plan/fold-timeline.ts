import { agentOf, isTerminalEvent, type StreamEvent } from '../contracts/event.ts';
import { ROOT_TASK } from '../contracts/ids.ts';
import type { TaskOutcome, Usage } from '../contracts/result.ts';
import type { TaskStatus } from '../contracts/run.ts';
import type { TimelineAttempt } from '../contracts/timeline.ts';

/** Milliseconds since 1970 by Redis's clock; null: has not happened, or nobody has said so. */
type Moment = number | null;

/** What is known of one attempt. */
export type AttemptMarks = {
  readonly attempt: number;
  readonly worker: string | null;
  readonly started: number;
  agent: string | null;
  firstToken: Moment;
  ended: Moment;
  outcome: TimelineAttempt['outcome'];
};

/** What is known of one task. */
export type TaskMarks = {
  status: TaskStatus;
  /** A human was asked. */
  asked: Moment;
  ended: Moment;
  /** Its join went on, without the late branches. */
  released: Moment;
  late: readonly string[];
  usage: Usage | null;
  confidence: number | null;
  readonly attempts: AttemptMarks[];
  /** In the order of its list. */
  children: readonly { readonly task_id: string; readonly kind: string }[];
  /** It was added at run time. */
  spawned: Moment;
};

/** What a run's events have told of its times so far: small, however many tokens there were. */
export type TimelineState = {
  run: string;
  complete: boolean;
  created: Moment;
  planned: Moment;
  firstToken: Moment;
  ended: Moment;
  /** The newest event's. */
  last: Moment;
  readonly tasks: Map<string, TaskMarks>;
};

/** A state that no event has told anything yet. */
export function emptyTimeline(): TimelineState {
  const never = { created: null, planned: null, firstToken: null, ended: null, last: null };
  return { run: '', complete: true, ...never, tasks: new Map() };
}

/** Puts one more event into a state, which it changes: events of one run, in order, a stream.gap where some are missing. */
export function foldTimeline(state: TimelineState, event: StreamEvent): void {
  const at = Number(event.id.split('-')[0]);
  if (event.name === 'stream.gap' || (state.last === null && event.name !== 'run.created')) state.complete = false;
  state.run = event.run_id;
  state.last = at;
  if (event.task_id === ROOT_TASK) foldRunEvent(state, event, at);
  else if (event.name === 'task.spawned') addChildren(state, event, at);
  else foldTaskEvent(marksOf(state, event.task_id), event, at);
}

function addChildren(state: TimelineState, event: Extract<StreamEvent, { name: 'task.spawned' }>, at: number): void {
  const { tasks } = event.detail;
  marksOf(state, event.task_id).children = tasks.map(({ task_id, kind }) => ({ task_id, kind }));
  for (const { task_id } of tasks) marksOf(state, task_id).spawned = at;
}

function marksOf({ tasks }: TimelineState, id: string): TaskMarks {
  const known = tasks.get(id);
  if (known !== undefined) return known;
  const never = { asked: null, ended: null, released: null, spawned: null };
  const fresh: TaskMarks = {
    ...never,
    status: 'pending',
    late: [],
    usage: null,
    confidence: null,
    attempts: [],
    children: [],
  };
  tasks.set(id, fresh);
  return fresh;
}

function foldRunEvent(state: TimelineState, event: StreamEvent, at: number): void {
  if (event.name === 'run.created') state.created = at;
  if (event.name === 'plan.ready') state.planned = at;
  if (event.name === 'plan.patched') for (const { task_id } of event.detail.tasks) marksOf(state, task_id).spawned = at;
  if (event.name === 'answer.token' || event.name === 'answer.message') state.firstToken ??= at;
  if (isTerminalEvent(event.name)) state.ended = at;
}

function foldTaskEvent(task: TaskMarks, event: StreamEvent, at: number): void {
  const attempt = openAttempt(task);
  switch (event.name) {
    case 'task.started':
      begin(task, event, at);
      break;
    case 'agent.selected':
      if (attempt !== undefined) attempt.agent = agentOf(event);
      break;
    case 'task.token':
    case 'task.message':
      if (attempt !== undefined) attempt.firstToken ??= at;
      break;
    case 'task.retrying':
      task.status = 'pending';
      end(attempt, 'failed', at);
      break;
    case 'interrupt.requested':
      task.status = 'waiting';
      task.asked ??= at;
      if (event.detail.interrupt.subject === 'output') end(attempt, 'completed', at); // its agent has done its part
      if (event.detail.interrupt.subject === 'question') end(attempt, 'asked', at);
      break;
    case 'interrupt.resolved':
      task.status = 'pending';
      break;
    case 'join.released':
      task.released = at;
      task.late = event.detail.late;
      break;
    default:
      settle(task, event, at);
  }
}

function begin(task: TaskMarks, event: Extract<StreamEvent, { name: 'task.started' }>, at: number): void {
  end(openAttempt(task), 'lost', at);
  task.status = 'running';
  const worker: string | undefined = event.detail.worker; // an earlier version did not say
  task.attempts.push({
    attempt: event.attempt,
    agent: agentOf(event),
    worker: worker ?? null,
    started: at,
    firstToken: null,
    ended: null,
    outcome: 'running',
  });
}

function openAttempt({ attempts }: TaskMarks): AttemptMarks | undefined {
  const last = attempts.at(-1);
  return last?.ended === null ? last : undefined;
}

function end(attempt: AttemptMarks | undefined, outcome: AttemptMarks['outcome'], at: number): void {
  if (attempt === undefined) return;
  attempt.outcome = outcome;
  attempt.ended = at;
}

/**
 * The attempt that settles a task may have begun unheard (it gathers a map's children, or acts on a decision): then what ends is
 * the one before.
 */
function settle(task: TaskMarks, event: StreamEvent, at: number): void {
  const outcome = outcomeOf(event);
  if (outcome === undefined) return;
  task.status = outcome;
  task.ended = at;
  end(openAttempt(task), outcome, at);
  if (event.name !== 'task.completed') return;
  task.usage = event.detail.usage;
  task.confidence = event.detail.confidence;
}

function outcomeOf(event: StreamEvent): TaskOutcome | undefined {
  switch (event.name) {
    case 'task.completed':
      return 'completed';
    case 'task.failed':
      return 'failed';
    case 'task.skipped':
      return 'skipped';
    case 'task.reused':
      return event.detail.status;
    default:
      return undefined;
  }
}

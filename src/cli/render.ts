import type { StreamEvent } from '../contracts/event.ts';
import { emptyRun, type FoldedRun, type FoldedTask, foldEvent } from '../contracts/fold.ts';
import { ROOT_TASK } from '../contracts/ids.ts';
import { clean, type Paint } from './paint.ts';
import { renderTable } from './table.ts';
import { emptyTranscript, endLine, finish, forget, hear, type Shown, type Transcript } from './transcript.ts';

/** What a terminal shows of a run so far. */
export type View = {
  readonly run: FoldedRun;
  readonly transcript: Transcript;
  /** ms of the first event. */
  readonly startedAt: number | null;
};

export const emptyView: View = { run: emptyRun, transcript: emptyTranscript, startedAt: null };

/** The view after one more event, and the text that this adds to the screen. Pure: time is the events' own. */
export function renderEvent(view: View, event: StreamEvent, paint: Paint): { view: View; text: string } {
  const run = foldEvent(view.run, event);
  const startedAt = view.startedAt ?? Date.parse(event.timestamp);
  const shown = show(
    { event, before: view.run, run, paint, elapsedMs: Date.parse(event.timestamp) - startedAt },
    view.transcript,
  );
  return { view: { run, transcript: shown.transcript, startedAt }, text: shown.text };
}

type Moment = {
  readonly event: StreamEvent;
  readonly before: FoldedRun;
  readonly run: FoldedRun;
  readonly paint: Paint;
  readonly elapsedMs: number;
};

function show(moment: Moment, transcript: Transcript): Shown {
  const { event, before } = moment;
  const who = event.task_id;
  switch (event.name) {
    case 'task.token':
    case 'answer.token':
      return say(moment, transcript, event.data);
    case 'task.message':
      return say(moment, transcript, `${event.data}\n`);
    case 'answer.message': // shown already when it came as tokens
      return before.answer.text === event.data ? endLine(transcript) : say(moment, transcript, `${event.data}\n`);
    case 'task.started':
      return line(moment, endLine(forget(transcript, who)));
    case 'task.completed':
    case 'task.failed':
    case 'task.skipped':
      return line(moment, finish(transcript, who, prefixOf(moment)));
    default:
      return line(moment, endLine(transcript));
  }
}

function say(moment: Moment, transcript: Transcript, data: string): Shown {
  const { task_id: who, timestamp } = moment.event;
  return hear(transcript, { who, text: clean(data), at: Date.parse(timestamp), prefix: prefixOf(moment) });
}

function line(moment: Moment, room: Shown): Shown {
  const text = lineOf(moment);
  return text === '' ? { ...room, text: room.text } : { ...room, text: `${room.text}${text}\n` };
}

/** What is said of an event that is no text of a task; '' for what needs no line. */
function lineOf(moment: Moment): string {
  const { event, run, before, paint } = moment;
  const label = labelOf(moment);
  switch (event.name) {
    case 'run.created':
      return `${paint.bold('run')} ${event.run_id}\n${paint.dim(clean(event.detail.query))}`.trimEnd();
    case 'run.phase':
      return phaseLine(event.detail.phase, paint);
    case 'plan.ready':
      return planLines(run, paint);
    case 'plan.patched':
      return `${paint.bold('Plan changed')} (${clean(event.data)}): ${clean(event.detail.reason)}`;
    case 'agent.selected':
      return `${label} started by ${clean(event.agent_id)}`;
    case 'task.started':
      return startLine(moment, label, before);
    case 'run.enqueued':
      return paint.dim(clean(event.data));
    case 'task.status':
    case 'vote.cast':
      return `${label} ${paint.dim(clean(event.data))}`;
    case 'review.scored':
      return `${label} reviewed: ${clean(event.data)}`;
    case 'talk.ended':
      return `${label} talk ended: ${clean(event.data)}`;
    case 'task.retrying':
      return `${label} ${paint.bad('failed')}: ${clean(event.detail.error.message)}; again in ${seconds(event.detail.delay_ms)}`;
    case 'task.completed':
      return `${label} ${paint.good('completed')} in ${seconds(event.detail.latency_ms)}`;
    case 'task.failed':
      return `${label} ${paint.bad('failed')}: ${clean(event.detail.error.message)}`;
    case 'task.skipped':
      return `${label} ${paint.bad('skipped')}: ${clean(event.detail.reason.message)}`;
    case 'interrupt.requested':
      return `${label} ${paint.bold('waits for a human')}: baton decide ${clean(event.detail.interrupt.id)} approve|edit|reject`;
    case 'interrupt.resolved':
      return `${label} ${clean(event.data)}`;
    case 'stream.gap':
      return paint.dim('(events before this point are no longer kept)');
    case 'run.completed':
    case 'run.failed':
    case 'run.cancelled':
      return endLines(moment);
    default:
      return '';
  }
}

function phaseLine(phase: 'planning' | 'execution' | 'synthesis', paint: Paint): string {
  const lines = { planning: paint.bold('Planning'), execution: '', synthesis: `\n${paint.bold('Answer')}` };
  return lines[phase];
}

function planLines({ reasoning, model, tasks }: FoldedRun, paint: Paint): string {
  const by = model === null ? '' : paint.dim(` (${model.offline ? 'offline model' : clean(model.name)})`);
  const rows = tasks.map((task, index) => {
    const after = task.depends_on.length === 0 ? '' : paint.dim(` after ${clean(task.depends_on.join(', '))}`);
    return `  ${paint.nth(index, clean(task.task_id))} ${clean(task.required_capability)}: ${clean(task.description)}${after}`;
  });
  return [`${paint.bold('Plan')}${by} ${clean(reasoning)}`.trimEnd(), ...rows].join('\n');
}

function startLine({ event, paint }: Moment, label: string, before: FoldedRun): string {
  if (event.task_id === ROOT_TASK) return before.answer.text === '' ? '' : paint.dim('(the answer starts over)');
  const known = before.tasks.find((task) => task.task_id === event.task_id);
  return known === undefined || known.text === ''
    ? ''
    : `${label} ${paint.dim('starts over; its text so far is void')}`;
}

function endLines({ event, run, paint, elapsedMs }: Moment): string {
  const outcome =
    event.name === 'run.completed' && !run.partial
      ? paint.good('completed')
      : paint.bad(run.partial ? 'completed in part' : run.status);
  const reason = run.error === null ? '' : `: ${clean(run.error.message)}`;
  const heads = ['task', 'capability', 'agent', 'status', 'attempts', 'time'];
  const table = run.tasks.length === 0 ? '' : `\n${renderTable([heads, ...run.tasks.map(cells)])}\n`;
  return `${table}\n${paint.bold('run')} ${outcome} in ${seconds(elapsedMs)}${reason}`;
}

function cells(task: FoldedTask): readonly string[] {
  const time = task.latency_ms === null ? '' : seconds(task.latency_ms);
  return [task.task_id, task.required_capability, task.agent_id ?? '', task.status, `${task.attempts}`, time].map(
    clean,
  );
}

/** A task's id in its colour, as wide as the longest: parallel lines stand in columns. */
function labelOf({ event, run, paint }: Moment): string {
  const width = Math.max(0, ...run.tasks.map((task) => task.task_id.length));
  const index = run.tasks.findIndex((task) => task.task_id === event.task_id);
  return paint.nth(Math.max(0, index), clean(event.task_id).padEnd(width));
}

/** The answer stands alone, so that it can be copied. */
function prefixOf(moment: Moment): string {
  return moment.event.task_id === ROOT_TASK ? '' : `${labelOf(moment)} │ `;
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(ms < 995 ? 2 : 1)} s`;
}

import { joinedText, type TaskResult } from '../contracts/result.ts';
import { rootEvent } from '../contracts/root-event.ts';
import type { Stop } from '../contracts/run.ts';
import { closeRun, type Ending } from './close.ts';
import { loadRun, type RunState, workUsage } from './load-run.ts';
import type { Store } from './store.ts';

/** Ends a run as its stop says, whatever its tasks still do: they settle without a word. Nothing happens to one that was not told to stop. Repeating it is harmless. */
export async function closeStopped(store: Store, run: string): Promise<void> {
  const state = await loadRun(store, run);
  const stop = state?.record.cancel;
  if (state === undefined || stop == null) return;
  await closeRun(store, { run, closer: 'stop', epoch: undefined, stopped: true, ...endingOf(state, stop) });
}

type StoppedEnding = Omit<Ending, 'run' | 'closer' | 'epoch' | 'stopped'>;

function endingOf(state: RunState, stop: Stop): StoppedEnding {
  const { code, message } = stop;
  if (stop.as === 'cancelled') {
    const event = rootEvent(0, { name: 'run.cancelled', data: message, detail: { reason: message } });
    return { status: 'cancelled', error: { code, message }, events: [event] };
  }
  const done = completedResults(state);
  return stop.as === 'partial' && done.length > 0 ? partialEnding(state, done, message) : failedEnding(state, stop);
}

function failedEnding(state: RunState, { code, message }: Stop): StoppedEnding {
  const error = { code, message };
  const warnings = unfinished(state);
  const event = rootEvent(0, {
    name: 'run.failed',
    data: message,
    detail: { error, usage: workUsage(state.record, state.results.values()) },
  });
  return { status: 'failed', error, warnings, events: [event] };
}

/** What the tasks delivered, in the plan's order, is the answer: there is no time left for a better one. */
function partialEnding(state: RunState, done: readonly TaskResult[], message: string): StoppedEnding {
  const response = joinedText(done);
  const warnings = [message, ...unfinished(state)];
  const events = [
    rootEvent(0, { name: 'answer.message', data: response, detail: {} }),
    rootEvent(0, {
      name: 'run.completed',
      data: '',
      detail: { partial: true, warnings, usage: workUsage(state.record, state.results.values()) },
    }),
  ];
  return { status: 'completed', response, warnings, partial: true, events };
}

function completedResults({ record, results }: RunState): readonly TaskResult[] {
  const all = (record.plan?.sub_tasks ?? []).flatMap((task) => results.get(task.task_id) ?? []);
  return all.filter((result) => result.status === 'completed');
}

function unfinished({ record, results }: RunState): readonly string[] {
  const open = (record.plan?.sub_tasks ?? []).filter((task) => results.get(task.task_id)?.status !== 'completed');
  return open.map(({ task_id }) => {
    const result = results.get(task_id);
    return `${task_id} ${result === undefined ? 'did not end' : `${result.status}: ${result.error?.message ?? ''}`}`;
  });
}

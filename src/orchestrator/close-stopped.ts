import { joinedText, type Usage } from '../contracts/result.ts';
import { rootEvent } from '../contracts/root-event.ts';
import type { Stop } from '../contracts/run.ts';
import { closeRun, type Ending } from '../journal/close.ts';
import { loadResults, loadResultsOf, noTexts } from '../journal/load-results.ts';
import { loadRecord, workUsage } from '../journal/load-run.ts';
import { untilOutputIsFull } from '../journal/measure-results.ts';
import type { Store } from '../journal/store.ts';
import { stoppedOutcome } from '../plan/stopped-outcome.ts';
import { retireAgents } from '../registry/spawn-retire.ts';

/**
 * Ends a run as its stop says, whatever its tasks still do: they settle without a word. Nothing happens to one that was not told to
 * stop. Repeating it is harmless.
 */
export async function closeStopped(store: Store, run: string): Promise<void> {
  const record = await loadRecord(store, run);
  if (record === undefined || record.stop === null) return;
  const results = await loadResults(store, run, noTexts);
  const { as, warnings } = stoppedOutcome(record.stop, record.plan, results);
  const known = {
    stop: record.stop,
    warnings: [...warnings, ...(record.warnings ?? [])],
    usage: workUsage(record, results.values()),
  };
  const ids = (record.plan?.sub_tasks ?? []).map(({ task_id }) => task_id);
  const completed = ids.filter((id) => results.get(id)?.status === 'completed');
  const ending = {
    cancelled: () => cancelledEnding(known),
    failed: () => failedEnding(known),
    partial: async () => partialEnding(known, await loadAnswer(store, run, completed)),
  }[as];
  const closed = await closeRun(store, { run, closer: 'stop', epoch: undefined, stopped: true, ...(await ending()) });
  if (closed === 'ended') await retireAgents(store, run);
}

type StoppedEnding = Omit<Ending, 'run' | 'closer' | 'epoch' | 'stopped'>;
type Known = { readonly stop: Stop; readonly warnings: readonly string[]; readonly usage: Usage | null };

function cancelledEnding({ stop: { code, message } }: Known): StoppedEnding {
  const event = rootEvent(0, { name: 'run.cancelled', data: message, detail: { reason: message } });
  return { status: 'cancelled', error: { code, message }, events: [event] };
}

function failedEnding({ stop: { code, message }, warnings, usage }: Known): StoppedEnding {
  const error = { code, message };
  const event = rootEvent(0, { name: 'run.failed', data: message, detail: { error, usage } });
  return { status: 'failed', error, warnings, events: [event] };
}

function partialEnding({ warnings, usage }: Known, response: string): StoppedEnding {
  const detail = { partial: true, warnings: [...warnings], usage };
  const events = [
    rootEvent(0, { name: 'answer.message', data: response, detail: {} }),
    rootEvent(0, { name: 'run.completed', data: '', detail }),
  ];
  return { status: 'completed', response, warnings, partial: true, events };
}

/** What the tasks delivered, in the plan's order: there is no time left for a better answer. */
async function loadAnswer(store: Store, run: string, completed: readonly string[]): Promise<string> {
  const enough = await untilOutputIsFull(store, run, completed);
  const results = await loadResultsOf(store, run, enough);
  return joinedText(enough.flatMap((id) => results.get(id) ?? []));
}

import { BatonError } from '../contracts/error.ts';
import { addUsage } from '../contracts/result.ts';
import { rootEvent } from '../contracts/root-event.ts';
import type { Ending } from '../journal/close.ts';
import type { RootAttempt, SettledRun } from './root-attempt.ts';
import type { Answer } from './write-answer.ts';

/** The end of a run that has an answer: the whole text once, then run.completed, always last. */
export function answeredEnding(
  { run, epoch }: RootAttempt,
  { outcome, usage: used, merge }: SettledRun,
  answer: Answer,
): Ending {
  const warnings = answer.warning === null ? [...outcome.warnings] : [...outcome.warnings, answer.warning];
  const partial = outcome.partial || answer.partial;
  const usage = addUsage([used, answer.usage]);
  return {
    run,
    epoch,
    closer: `root ${epoch}`,
    status: 'completed',
    response: answer.text,
    warnings,
    partial,
    usage: answer.usage,
    events: [
      ...(merge === null ? [] : [rootEvent(epoch, { name: 'merge.done', data: 'Results merged', detail: merge })]),
      rootEvent(epoch, { name: 'answer.message', data: answer.text, detail: {} }),
      rootEvent(epoch, { name: 'run.completed', data: '', detail: { partial, warnings, usage } }),
    ],
  };
}

/** The end of a run none of whose tasks completed. */
export function failedEnding({ run, epoch }: RootAttempt, { outcome, usage }: SettledRun): Ending {
  const error = new BatonError('run_failed', `No task succeeded: ${outcome.warnings.join('; ')}`).toRecord();
  return {
    run,
    epoch,
    closer: `root ${epoch}`,
    status: 'failed',
    error,
    warnings: outcome.warnings,
    events: [rootEvent(epoch, { name: 'run.failed', data: error.message, detail: { error, usage } })],
  };
}

/** The end of a run whose root keeps ending its workers. */
export function poisonedEnding({ run, epoch }: RootAttempt): Ending {
  const error = new BatonError('task_poisonous').toRecord();
  const detail = { error, usage: null };
  const events = [rootEvent(epoch, { name: 'run.failed', data: error.message, detail })];
  return { run, epoch, closer: `root ${epoch}`, status: 'failed', error, events };
}

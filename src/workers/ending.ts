import { limits } from '../contracts/limits.ts';
import { addUsage, type Usage } from '../contracts/result.ts';
import { rootEvent } from '../contracts/root-event.ts';
import type { Ending } from '../journal/close.ts';
import type { RootAttempt, Settled } from './root-attempt.ts';
import type { Answer } from './write-answer.ts';

/** The end of a run that has an answer: the whole text once, then run.completed, always last. */
export function answeredEnding({ run, epoch }: RootAttempt, { outcome, results }: Settled, answer: Answer): Ending {
  const warnings = answer.warning === null ? [...outcome.warnings] : [...outcome.warnings, answer.warning];
  const partial = outcome.partial || answer.warning !== null;
  const usage = addUsage([answer.usage, ...results.map((result) => result.usage)]);
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
      rootEvent(epoch, { name: 'answer.message', data: answer.text, detail: {} }),
      rootEvent(epoch, { name: 'run.completed', data: '', detail: { partial, warnings, usage } }),
    ],
  };
}

/** The end of a run none of whose tasks completed. */
export function failedEnding({ run, epoch }: RootAttempt, { outcome, results }: Settled): Ending {
  const message = `No task succeeded: ${outcome.warnings.join('; ')}`.slice(0, limits.errorChars);
  const error = { code: 'run_failed', message };
  const usage: Usage | null = addUsage(results.map((result) => result.usage));
  return {
    run,
    epoch,
    closer: `root ${epoch}`,
    status: 'failed',
    error,
    warnings: outcome.warnings,
    events: [rootEvent(epoch, { name: 'run.failed', data: message, detail: { error, usage } })],
  };
}

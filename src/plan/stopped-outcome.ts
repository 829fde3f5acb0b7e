import type { Plan } from '../contracts/plan.ts';
import type { TaskResult } from '../contracts/result.ts';
import type { Stop } from '../contracts/run.ts';
import { runOutcome } from './run-outcome.ts';

/** As what a run ends that was told to stop, and what a person should know of it. */
export type StoppedOutcome = { readonly as: Stop['as']; readonly warnings: readonly string[] };

/** Ends as its stop says, but there is no part of an answer where no task completed. Its plan is null before there is one. */
export function stoppedOutcome(
  { as, message }: Stop,
  plan: Plan | null,
  results: ReadonlyMap<string, TaskResult>,
): StoppedOutcome {
  if (as === 'cancelled' || plan === null) return { as: as === 'partial' ? 'failed' : as, warnings: [] };
  const { answerable, warnings } = runOutcome(plan, results, 'did not end');
  return as === 'partial' && answerable ? { as, warnings: [message, ...warnings] } : { as: 'failed', warnings };
}

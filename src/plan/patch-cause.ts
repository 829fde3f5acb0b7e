import type { ErrorCode } from '../contracts/error.ts';
import type { SubTask } from '../contracts/plan.ts';
import type { PatchCause } from '../contracts/plan-patch.ts';
import type { TaskResult } from '../contracts/result.ts';

/** What was decided before: by a human, or about the task that failed first. */
const decided: ReadonlySet<string> = new Set<ErrorCode>(['rejected', 'dependency_failed']);

/**
 * Why a run's plan may be repaired because of a result; undefined when there is nothing to repair. An optional task is missed by nobody.
 * Tasks that are skipped follow from others, or from the end of the run.
 */
export function patchCauseOf({ optional }: Pick<SubTask, 'optional'>, result: TaskResult): PatchCause | undefined {
  const { status, error, response } = result;
  if (optional || status === 'skipped' || decided.has(error?.code ?? '')) return undefined;
  if (status === 'completed') return response.trim() === '' ? 'empty' : undefined;
  return error?.code === 'review_failed' ? 'verification_rejected' : 'failure';
}

import type { BatonError } from '../contracts/error.ts';
import { defaults } from '../contracts/limits.ts';
import type { SubTask } from '../contracts/plan.ts';
import { backoffMs } from './retry.ts';

export type CallFailure = {
  readonly task: Pick<SubTask, 'retries'>;
  readonly error: Pick<BatonError, 'code' | 'retryable' | 'retryAfterMs'>;
  /** Calls that failed, this one included. */
  readonly failures: number;
  /** Whether an agent is left that has not failed for this task. */
  readonly othersLeft: boolean;
  /** 0 to 1, for the jitter. */
  readonly random: number;
  /** Milliseconds for which an agent of this task asked to be left alone, still. */
  readonly restMs?: number;
  /** Milliseconds until the task's own time limit, at which it is looked at again however long the wait would be. */
  readonly leftMs?: number;
};

/** What a wait for the end of a task's time lasts beyond it: a job that comes back a moment too early would be called once more. */
const BEYOND_MS = 10;

/** What follows a failed call. */
export type NextStep =
  | { readonly kind: 'settle'; readonly status: 'failed' | 'skipped' }
  | { readonly kind: 'retry'; readonly delayMs: number }
  | { readonly kind: 'hand_back' }
  | { readonly kind: 'leave' };

/**
 * Another agent is tried at once; when all have failed, the next call waits for a backoff, or the longer time that one of them asked
 * for. What is no failure of the task is not counted as one.
 */
export function nextStep({ task, error, failures, othersLeft, random, restMs = 0, leftMs }: CallFailure): NextStep {
  if (error.code === 'lock_lost') return { kind: 'leave' };
  if (error.code === 'draining') return { kind: 'hand_back' };
  if (error.code === 'cancelled') return { kind: 'settle', status: 'skipped' };
  const allowed = 1 + (task.retries ?? defaults.attempts - 1);
  if (!error.retryable || failures >= allowed) return { kind: 'settle', status: 'failed' };
  if (othersLeft) return { kind: 'retry', delayMs: 0 };
  const waitMs = Math.max(backoffMs(failures, random), error.retryAfterMs ?? 0, restMs);
  const untilOverMs = leftMs === undefined ? waitMs : Math.max(0, leftMs + BEYOND_MS);
  return { kind: 'retry', delayMs: Math.min(waitMs, untilOverMs) };
}

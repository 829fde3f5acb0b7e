import { BatonError } from '../contracts/error.ts';
import { failAttempt } from '../journal/fail-attempt.ts';
import type { Store } from '../journal/store.ts';

export type FailedCall = {
  readonly run: string;
  readonly task: string;
  readonly epoch: number;
  /** Whose call failed. */
  readonly agent: string;
  readonly error: BatonError;
  /** Milliseconds until the next call. */
  readonly delayMs: number;
};

/** Counts a failed call that another will follow, and says so. Throws lock_lost when this attempt owns the task no more. */
export async function noteFailure(
  store: Store,
  { run, task, epoch, agent, error, delayMs }: FailedCall,
): Promise<void> {
  const noted = await failAttempt(store, {
    run,
    task,
    epoch,
    agent,
    event: {
      name: 'task.retrying',
      task_id: task,
      agent_id: agent,
      attempt: epoch,
      data: `Trying again: ${error.message}`,
      detail: { error: error.toRecord(), delay_ms: delayMs },
    },
  });
  if (!noted) throw new BatonError('lock_lost');
}

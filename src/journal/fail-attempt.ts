import { BatonError } from '../contracts/error.ts';
import { PLAN_TASK, ROOT_TASK } from '../contracts/ids.ts';
import { eventArgs } from './event-codec.ts';
import { loadScript, runScript } from './script.ts';
import type { Store } from './store.ts';

const script = loadScript(new URL('./fail-attempt.lua', import.meta.url));

export type FailedAttempt = {
  readonly run: string;
  readonly task: string;
  readonly epoch: number;
  /** Whose calls failed; the event names the first. */
  readonly agents: readonly [string, ...string[]];
  readonly error: BatonError;
  /** Milliseconds until the next call. */
  readonly delayMs: number;
};

/**
 * Counts the failed calls of an attempt that another one will follow, and says so with task.retrying. Throws lock_lost when this attempt owns the
 * task no more, cancelled when the run has ended.
 */
export async function failAttempt({ redis, keys }: Store, failed: FailedAttempt): Promise<void> {
  const { run, tasks, events } = keys.run(failed.run);
  const { task, epoch, agents, error, delayMs } = failed;
  const heard = task === PLAN_TASK ? ROOT_TASK : task;
  const event = {
    name: 'task.retrying',
    agent_id: agents[0],
    data: `Trying again: ${error.message}`,
    detail: { error: error.toRecord(), delay_ms: delayMs },
  } as const;
  const code = await runScript(redis, script, {
    keys: [run, tasks, events],
    args: [task, epoch, agents.join(','), heard, Math.round(delayMs), error.retryAfterMs ?? 0, ...eventArgs(event)],
  });
  if (Number(code) === -1) throw new BatonError('lock_lost');
  if (Number(code) === -3) throw new BatonError('cancelled', 'The run has ended.');
}

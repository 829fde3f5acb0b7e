import { BatonError } from '../contracts/error.ts';
import { limits } from '../contracts/limits.ts';
import { PatchDecision } from '../contracts/plan-patch.ts';
import type { Usage } from '../contracts/result.ts';
import { loadScript, runScript } from './script.ts';
import type { Store } from './store.ts';

const script = loadScript(new URL('./patch-decline.lua', import.meta.url));

export type Declined = {
  readonly run: string;
  readonly task: string;
  readonly epoch: number;
  readonly reason: string;
  /** Of the planner that was asked; null when nobody was, or nobody counted. */
  readonly usage: Usage | null;
};

/**
 * Records that there is no patch for a task's outcome. The decision that counts comes back: the first one recorded. Throws lock_lost when
 * a newer attempt owns the task.
 */
export async function declinePatch({ redis, keys }: Store, declined: Declined): Promise<PatchDecision> {
  const { task, epoch, usage } = declined;
  const { run, tasks, patches } = keys.run(declined.run);
  const reason = declined.reason.slice(0, limits.errorChars).toWellFormed();
  const reply = await runScript(redis, script, {
    keys: [run, tasks, patches],
    args: [
      ...[task, epoch, JSON.stringify({ revision: null, reason } satisfies PatchDecision)],
      ...[usage?.prompt_tokens ?? 0, usage?.completion_tokens ?? 0],
    ],
  });
  if (reply === '') throw new BatonError('lock_lost');
  return PatchDecision.parse(JSON.parse(String(reply)));
}

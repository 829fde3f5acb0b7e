import { BatonError } from '../contracts/error.ts';
import { HeldOutcome } from '../contracts/plan-patch.ts';
import { toEnvelope } from './result-codec.ts';
import { loadScript, runScript } from './script.ts';
import type { Store } from './store.ts';

const script = loadScript(new URL('./patch-outcome.lua', import.meta.url));

export type OutcomeRecord = { readonly run: string; readonly epoch: number; readonly held: HeldOutcome };

/**
 * Keeps a task's outcome back. False when nothing can follow from it: the run ends, or the task has another result. Throws lock_lost
 * when a newer attempt owns the task. An outcome that was kept before stays.
 */
export async function holdOutcome({ redis, keys }: Store, { run, epoch, held }: OutcomeRecord): Promise<boolean> {
  const names = keys.run(run);
  const { by_reference: _, ...result } = toEnvelope(held.result).envelope; // half characters are gone; the texts of these are short
  const code = await runScript(redis, script, {
    keys: [names.run, names.tasks, names.results, names.patches],
    args: [result.task_id, epoch, JSON.stringify({ ...held, result } satisfies HeldOutcome)],
  });
  if (Number(code) === -1) throw new BatonError('lock_lost');
  return Number(code) === 1;
}

/** The outcome of a task that is kept back, or was; undefined when there is none. */
export async function loadHeldOutcome(
  { redis, keys }: Store,
  run: string,
  task: string,
): Promise<HeldOutcome | undefined> {
  const text = await redis.hget(keys.run(run).patches, `outcome:${task}`);
  return text === null ? undefined : HeldOutcome.parse(JSON.parse(text));
}

import { loadScript, runScript } from './script.ts';
import type { Store } from './store.ts';

const script = loadScript(new URL('./note-wait.lua', import.meta.url));

/** A task that waits looks at least so often (registry/slot-wait.ts). */
const BETWEEN_LOOKS_MS = 10_000;

/**
 * Notes that a task found all slots of its agents taken. How long it has waited so comes back, in milliseconds, without pauses of its run;
 * undefined when its run has ended, is told to stop or is paused.
 */
export async function noteWait(
  { redis, keys }: Store,
  { run, task }: { readonly run: string; readonly task: string },
): Promise<number | undefined> {
  const { run: record, tasks } = keys.run(run);
  const waitedMs = Number(await runScript(redis, script, { keys: [record, tasks], args: [task, BETWEEN_LOOKS_MS] }));
  return waitedMs < 0 ? undefined : waitedMs;
}

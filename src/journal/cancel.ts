import { RunStatus } from '../contracts/run.ts';
import { loadScript, runScript } from './script.ts';
import type { Store } from './store.ts';

const script = loadScript(new URL('./cancel.lua', import.meta.url));

/** Sets a run's cancel flag and tells every worker. The status it stood at, or undefined when there is no such run. */
export async function requestCancel(
  { redis, keys }: Store,
  run: string,
  reason: string,
): Promise<RunStatus | undefined> {
  const reply = await runScript(redis, script, { keys: [keys.run(run).run], args: [reason, keys.cancelChannel, run] });
  return reply === null ? undefined : RunStatus.parse(reply);
}

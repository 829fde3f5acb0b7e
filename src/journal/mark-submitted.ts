import { loadScript, runScript } from './script.ts';
import type { Store } from './store.ts';

const script = loadScript(new URL('./mark-submitted.lua', import.meta.url));

/** Notes that all jobs of a run's flow have been added. */
export async function markSubmitted({ redis, keys }: Store, run: string): Promise<void> {
  await runScript(redis, script, { keys: [keys.run(run).run], args: [] });
}

import { RunStatus, type Stop } from '../contracts/run.ts';
import { runScript } from '../journal/script.ts';
import type { Store } from '../journal/store.ts';
import { loadFlowScript } from './flow-script.ts';

const script = loadFlowScript('stop', ['release', 'park']);

/**
 * Tells a run to stop, and every worker of it; the first reason counts. The status it stood at, or undefined when there is no such
 * run.
 */
export async function requestStop({ redis, keys }: Store, run: string, stop: Stop): Promise<RunStatus | undefined> {
  const { run: record, parked } = keys.run(run);
  const reply = await runScript(redis, script, {
    keys: [record, parked],
    args: [JSON.stringify(stop), keys.controlChannel, run, Date.now()],
  });
  return reply === null ? undefined : RunStatus.parse(reply);
}

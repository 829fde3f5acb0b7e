import { loadScript, runScript } from './script.ts';
import type { Store } from './store.ts';

const taking = loadScript(new URL('./lease.lua', import.meta.url));
const ending = loadScript(new URL('./end-lease.lua', import.meta.url));

/** Takes the lead for `ms`, or keeps it. False while another holder has it. */
export async function takeLead({ redis, keys }: Store, holder: string, ms: number): Promise<boolean> {
  return Number(await runScript(redis, taking, { keys: [keys.leader], args: [holder, ms] })) === 1;
}

/** Gives the lead back, so that the next one need not wait for its end. */
export async function leaveLead({ redis, keys }: Store, holder: string): Promise<void> {
  await runScript(redis, ending, { keys: [keys.leader], args: [holder] });
}

import type { Redis } from 'ioredis';
import { loadScript, runScript } from './script.ts';

const taking = loadScript(new URL('./lease.lua', import.meta.url));
const ending = loadScript(new URL('./end-lease.lua', import.meta.url));

/** Something that one process does at a time: its key, and who asks for it. */
export type Lease = { readonly redis: Redis; readonly key: string; readonly holder: string };

/** Takes the lease for `ms`, or keeps it. False while another holder has it. */
export async function takeLease({ redis, key, holder }: Lease, ms: number): Promise<boolean> {
  return Number(await runScript(redis, taking, { keys: [key], args: [holder, ms] })) === 1;
}

/** Gives it back, so that the next one need not wait for its end. */
export async function leaveLease({ redis, key, holder }: Lease): Promise<void> {
  await runScript(redis, ending, { keys: [key], args: [holder] });
}

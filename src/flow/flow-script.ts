// BullMQ's own scripts, used unmodified: the only deep imports, and the reason why bullmq is pinned exactly.

import { moveStalledJobsToWait } from 'bullmq/dist/esm/scripts/moveStalledJobsToWait-9.js';
import { moveToFinished } from 'bullmq/dist/esm/scripts/moveToFinished-14.js';
import { releaseParentIfNoPendingDependencies } from 'bullmq/dist/esm/scripts/releaseParentIfNoPendingDependencies-2.js';
import { BatonError } from '../contracts/error.ts';
import { loadScript, type Script, scriptOf } from '../journal/script.ts';

/** How many keys `finish` takes. */
export const FINISH_KEYS = 14;

type Shipped = { readonly content: string; readonly keys: number };

/**
 * What a script may call as `name(KEYS, ARGV)`, with KEYS and ARGV of the shipped script.
 *
 * `release` moves a job out of waiting-children when nothing is left in its dependency set, and is a no-op in every other state, so
 * it may be called for every dependent, always, and again. KEYS job, its dependency set; ARGV queue key, job id, now.
 * `sweep` moves a queue's stalled jobs back to where they wait.
 * `finish` ends an active job, resolves its parent's edge and takes the queue's next job.
 */
const shipped = {
  release: { script: releaseParentIfNoPendingDependencies, keys: 2 },
  sweep: { script: moveStalledJobsToWait, keys: 9 },
  finish: { script: moveToFinished, keys: FINISH_KEYS },
} satisfies Record<string, { readonly script: Shipped | undefined; readonly keys: number }>;

type ShippedName = keyof typeof shipped;
/** Files of functions that several scripts share: `<name>.lua` beside this one. */
type Library = 'park' | 'join' | 'settle';

/** Reads `<name>.lua` beside this file, with what it calls put before it: each function after those that it calls itself. */
export function loadFlowScript(name: string, needs: readonly (ShippedName | Library)[]): Script {
  return scriptOf([...needs, name].map(textOf).join('\n'));
}

function textOf(name: string): string {
  return name in shipped ? shippedText(name as ShippedName) : loadScript(new URL(`./${name}.lua`, import.meta.url)).lua;
}

/** The shipped text is the function's body as it is: it finds KEYS and ARGV as parameters. */
function shippedText(name: ShippedName): string {
  const { script, keys }: { script: Shipped | undefined; keys: number } = shipped[name];
  if (typeof script?.content === 'string' && script.keys === keys) {
    return `local function ${name}(KEYS, ARGV)\n${script.content}\nend`;
  }
  const message = `this bullmq version has another script for "${name}": install the version in package.json`;
  throw new BatonError('internal', message);
}

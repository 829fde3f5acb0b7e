// BullMQ's own scripts, used unmodified: the only deep imports, and the reason why bullmq is pinned exactly.

import { moveStalledJobsToWait } from 'bullmq/dist/esm/scripts/moveStalledJobsToWait-9.js';
import { releaseParentIfNoPendingDependencies } from 'bullmq/dist/esm/scripts/releaseParentIfNoPendingDependencies-2.js';
import { BatonError } from '../contracts/error.ts';
import { loadScript, type Script, scriptOf } from '../journal/script.ts';

type Shipped = { readonly content: string; readonly keys: number };

const RELEASE_KEYS = 2;
const SWEEP_KEYS = 9;

/**
 * Reads a script that calls `release(KEYS, ARGV)`: it moves a job out of waiting-children when nothing is left in its dependency
 * set, and is a no-op in every other state, so it may be called for every dependent, always, and again. KEYS job, its dependency
 * set; ARGV queue key, job id, now. `libraries` hold functions that several scripts share, put before the script in their order.
 */
export function loadReleasingScript(file: URL, libraries: readonly URL[] = []): Script {
  const release = functionOf('release', releaseParentIfNoPendingDependencies, RELEASE_KEYS);
  return scriptOf([release, ...[...libraries, file].map((part) => loadScript(part).lua)].join('\n'));
}

/** Reads a script that calls `sweep(KEYS, ARGV)`: it moves a queue's stalled jobs back to where they wait. */
export function loadSweepingScript(file: URL): Script {
  return scriptOf(`${functionOf('sweep', moveStalledJobsToWait, SWEEP_KEYS)}\n${loadScript(file).lua}`);
}

/** The shipped text is the function's body as it is: it finds KEYS and ARGV as parameters. */
function functionOf(name: string, shipped: Shipped | undefined, keys: number): string {
  if (typeof shipped?.content === 'string' && shipped.keys === keys) {
    return `local function ${name}(KEYS, ARGV)\n${shipped.content}\nend`;
  }
  const message = `this bullmq version has another script for "${name}": install the version in package.json`;
  throw new BatonError('internal', message);
}

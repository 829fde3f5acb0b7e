// BullMQ's own script, used unmodified: the only deep import, and the reason why bullmq is pinned exactly.

import { releaseParentIfNoPendingDependencies as shipped } from 'bullmq/dist/esm/scripts/releaseParentIfNoPendingDependencies-2.js';
import { BatonError } from '../contracts/error.ts';
import { loadScript, type Script, scriptOf } from '../journal/script.ts';

const KEYS_EXPECTED = 2;

/**
 * Reads a script that calls `release(KEYS, ARGV)`: it moves a job out of waiting-children when nothing is left in its dependency
 * set, and is a no-op in every other state, so it may be called for every dependent, always, and again. KEYS job, its dependency
 * set; ARGV queue key, job id, now. The shipped text is the function's body as it is: it finds KEYS and ARGV as parameters.
 */
export function loadReleasingScript(file: URL): Script {
  return scriptOf(`local function release(KEYS, ARGV)\n${shippedText()}\nend\n${loadScript(file).lua}`);
}

function shippedText(): string {
  if (typeof shipped?.content === 'string' && shipped.keys === KEYS_EXPECTED) return shipped.content;
  throw new BatonError(
    'internal',
    'this bullmq version has another release script: install the version in package.json',
  );
}

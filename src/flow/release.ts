// BullMQ's own script, used unmodified: the only deep import, and the reason why bullmq is pinned exactly.

import { createHash } from 'node:crypto';
import { releaseParentIfNoPendingDependencies as shipped } from 'bullmq/dist/esm/scripts/releaseParentIfNoPendingDependencies-2.js';
import { BatonError } from '../contracts/error.ts';
import type { JobRef } from '../contracts/job.ts';
import type { Keys } from '../contracts/keys.ts';
import type { Script, ScriptCall } from '../journal/script.ts';

const KEYS_EXPECTED = 2;

/**
 * Moves a job out of waiting-children when nothing is left in its dependency set; a no-op in every other state, so it may be
 * called for every dependent, always, and again.
 */
export const releaseScript: Script = openRelease();

/** KEYS job, its dependency set; ARGV queue key, job id, now. */
export function releaseCall(keys: Keys, { queue, id }: JobRef, now: number): ScriptCall {
  const job = keys.job(queue, id);
  return { keys: [job, `${job}:dependencies`], args: [keys.queue(queue), id, now] };
}

function openRelease(): Script {
  if (typeof shipped?.content !== 'string' || shipped.keys !== KEYS_EXPECTED) {
    throw new BatonError(
      'internal',
      'this bullmq version has another release script: install the version in package.json',
    );
  }
  return { lua: shipped.content, sha: createHash('sha1').update(shipped.content).digest('hex') };
}

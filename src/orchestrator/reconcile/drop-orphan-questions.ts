import { partsOf } from '../../contracts/interrupt.ts';
import type { Store } from '../../journal/store.ts';

/** Questions that one call looks at. */
const QUESTIONS_PER_CALL = 500;

/** Where the first call begins. */
export const QUESTIONS_START = '0';

/**
 * Takes questions of runs that are gone out of the list of open ones: a part of them after `cursor`. The cursor for the next call
 * comes back. An id is never given to another run, so what is found gone stays so.
 */
export async function dropOrphanQuestions({ redis, keys }: Store, cursor: string): Promise<string> {
  const [next, entries] = await redis.zscan(keys.interrupts, cursor, 'COUNT', QUESTIONS_PER_CALL);
  const ids = entries.filter((_, index) => index % 2 === 0); // scores stand between
  const present = await Promise.all(ids.map((id) => redis.exists(keys.run(partsOf(id).run).run)));
  const orphans = ids.filter((_, index) => present[index] === 0);
  if (orphans.length > 0) await redis.zrem(keys.interrupts, ...orphans);
  return next;
}

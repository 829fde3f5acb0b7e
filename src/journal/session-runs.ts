import { loadHead, type RunHead } from './load-run.ts';
import type { Store } from './store.ts';

/** A session's runs by their place in it, newest first. `before`: places from where the page before ended. */
export type SessionPage = {
  readonly runs: readonly (readonly [id: string, head: RunHead])[];
  readonly next: number | null;
  /** Its runs that have not ended. */
  readonly open: number;
};

/** One page of a session's runs; undefined when there is no such session. */
export async function listSessionRuns(
  { redis, keys }: Store,
  session: string,
  { before, limit }: { readonly before: number | undefined; readonly limit: number },
): Promise<SessionPage | undefined> {
  const { runs, open } = keys.session(session);
  const top = before === undefined ? '+inf' : `(${before}`;
  const [found, exists, openIds] = await Promise.all([
    redis.zrevrangebyscore(runs, top, '-inf', 'WITHSCORES', 'LIMIT', 0, limit + 1),
    redis.exists(runs),
    redis.zrange(open, 0, '-1'),
  ]);
  if (exists === 0) return undefined;
  const ids = found.filter((_, at) => at % 2 === 0).slice(0, limit); // scores stand between
  const heads = await Promise.all(ids.map((id) => loadHead({ redis, keys }, id)));
  const openHeads = await Promise.all(openIds.map((id) => loadHead({ redis, keys }, id)));
  return {
    runs: ids.flatMap((id, at) => {
      const head = heads[at];
      return head === undefined ? [] : [[id, head] as const];
    }),
    next: found.length > 2 * limit ? Number(found[2 * limit - 1]) : null,
    open: openHeads.filter((head) => head !== undefined && head.ended_at === undefined).length,
  };
}

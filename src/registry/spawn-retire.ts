import { limits } from '../contracts/limits.ts';
import { Holding } from '../contracts/pool.ts';
import type { TaskResult } from '../contracts/result.ts';
import { loadResults, noTexts } from '../journal/load-results.ts';
import { loadScript, runScript } from '../journal/script.ts';
import type { Store } from '../journal/store.ts';

const script = loadScript(new URL('./spawn-retire.lua', import.meta.url));

/** Agents that one script takes out, so that Redis serves others between them. */
const AT_ONCE = 200;
/** Spawned agents that one sweep looks at. */
const PER_SWEEP = 500;

/**
 * Takes the agents that were made for a run out of the registry, once it has ended: what they held returns to the pool, and what
 * became of their tasks counts for their templates. Repeating it is harmless. How many have left comes back.
 */
export async function retireAgents(store: Store, run: string): Promise<number> {
  return retire(store, run, await store.redis.smembers(store.keys.run(run).agents));
}

/**
 * The same while the run goes on, of agents that were made for one task each, which has settled: a run with more such tasks than the
 * pool has room for would wait for itself otherwise.
 */
export async function retireSettled(store: Store, run: string): Promise<number> {
  const { redis, keys } = store;
  const ids = await redis.smembers(keys.run(run).agents);
  if (ids.length === 0) return 0;
  const held = await loadHoldings(store, ids);
  const settled = new Set(await redis.hkeys(keys.run(run).results));
  const idle = ids.filter((id) => settled.has(held.get(id)?.task_id ?? ''));
  return retire(store, run, idle);
}

/** Where the first sweep begins. */
export const SPAWNED_START = '0';

/**
 * Looks at some of the spawned agents after `cursor`, and takes out those whose run has ended or is gone: a worker may have died
 * between the two. The cursor for the next call comes back.
 */
export async function sweepSpawned(store: Store, cursor: string): Promise<string> {
  const { redis, keys } = store;
  const [next, entries] = await redis.hscan(keys.poolHeld, cursor, 'COUNT', PER_SWEEP);
  const ids = entries.filter((_, index) => index % 2 === 0); // values stand between
  const held = await loadHoldings(store, ids);
  const runs = Map.groupBy(held, ([, { run_id }]) => run_id);
  for (const [run, agents] of runs) {
    const [terminal, status] = await redis.hmget(keys.run(run).run, 'terminal', 'status');
    const isOver = terminal != null || status == null;
    if (isOver)
      await retire(
        store,
        run,
        agents.map(([id]) => id),
      );
  }
  return next;
}

async function retire(store: Store, run: string, ids: readonly string[]): Promise<number> {
  if (ids.length === 0) return 0;
  const held = await loadHoldings(store, ids);
  const results = [...(await loadResults(store, run, noTexts)).values()];
  const worked = Map.groupBy(results, ({ agent_id }) => agent_id);
  let left = 0;
  for (let at = 0; at < ids.length; at += AT_ONCE) {
    const leaving = ids.slice(at, at + AT_ONCE).map((id) => ({ id, ...outcomeOf(held.get(id), worked.get(id) ?? []) }));
    left += await takeOut(store, run, leaving);
  }
  return left;
}

type Outcome = { readonly completed: number; readonly failed: number; readonly ms: number };

/** An answer that its agent is less sure of than it should be counts as a failure; a task that was skipped does not count. */
function outcomeOf(holding: Holding | undefined, results: readonly TaskResult[]): Outcome {
  const least = holding?.quality_threshold ?? null;
  if (least === null) return { completed: 0, failed: 0, ms: 0 };
  const counted = results.filter(({ status }) => status !== 'skipped');
  const good = counted.filter(({ status, confidence }) => status === 'completed' && (confidence ?? 1) >= least);
  const ms = good.reduce((sum, { latency_ms }) => sum + latency_ms, 0);
  return { completed: good.length, failed: counted.length - good.length, ms };
}

async function takeOut(
  { redis, keys }: Store,
  run: string,
  leaving: readonly (Outcome & { readonly id: string })[],
): Promise<number> {
  const { agents, agentOrigins, servingAgents, agentEvents, poolHeld, templateStats } = keys;
  const { agentHealth, agentStats, agentHistory, agentSlots, agentBreaker, agentTrial } = keys;
  const others = [agentHealth, agentStats, agentHistory, agentSlots, agentBreaker, agentTrial];
  const reply = await runScript(redis, script, {
    keys: [
      ...[keys.run(run).agents, agents, agentOrigins, servingAgents, agentEvents, poolHeld, templateStats],
      ...leaving.flatMap(({ id }) => others.map((keyOf) => keyOf(id))),
    ],
    args: [
      ...[limits.agentEvents, limits.templateOutcomes],
      ...leaving.flatMap(({ id, completed, failed, ms }) => [id, completed, failed, ms]),
    ],
  });
  return Number(reply);
}

async function loadHoldings({ redis, keys }: Store, ids: readonly string[]): Promise<ReadonlyMap<string, Holding>> {
  if (ids.length === 0) return new Map();
  const found = await redis.hmget(keys.poolHeld, ...ids);
  return new Map(
    ids.flatMap((id, index): [string, Holding][] => {
      const held = found[index];
      return held == null ? [] : [[id, Holding.parse(JSON.parse(held))]];
    }),
  );
}

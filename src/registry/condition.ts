import { defaults, limits } from '../contracts/limits.ts';
import { loadScript, runScript } from '../journal/script.ts';
import type { Store } from '../journal/store.ts';
import type { RegisteredAgent, TrackRecord } from './registered-agent.ts';

const script = loadScript(new URL('./condition.lua', import.meta.url));

/** What an agent's calls have brought it to. */
export type Condition = Pick<RegisteredAgent, 'broken' | 'halfOpen' | 'busy' | 'record'>;

/** Agents in one script, which takes about a millisecond: Redis serves others between them. */
const CHUNK = 500;

type Line = readonly [place: number, weight: string, good: string, latencyMs: string, breaker: string, busy: number];

/** How these agents stand, by Redis's clock. Those that nobody has called lately are absent. */
export async function loadCondition(
  { redis, keys }: Store,
  agentIds: readonly string[],
): Promise<ReadonlyMap<string, Condition>> {
  const conditions = new Map<string, Condition>();
  for (let from = 0; from < agentIds.length; from += CHUNK) {
    const ids = agentIds.slice(from, from + CHUNK);
    const reply = await runScript(redis, script, {
      keys: ids.flatMap((id) => [keys.agentStats(id), keys.agentBreaker(id), keys.agentTrial(id), keys.agentSlots(id)]),
      args: [defaults.scoreHalfLifeMs, limits.breakerHalfOpenMs],
    });
    // The script returns nothing else, and 10,000 lines a second are not parsed for nothing.
    for (const line of reply as readonly Line[]) conditions.set(ids[line[0]] ?? '', toCondition(line));
  }
  return conditions;
}

function toCondition([, weight, good, latencyMs, breaker, busy]: Line): Condition {
  return {
    broken: breaker === 'open',
    halfOpen: breaker === 'half_open',
    busy,
    record: recordOf(Number(weight), Number(good), Number(latencyMs)),
  };
}

function recordOf(weight: number, good: number, latencyMs: number): TrackRecord {
  return { weight, success: weight === 0 ? 1 : good / weight, latencyMs: good === 0 ? null : latencyMs / good };
}

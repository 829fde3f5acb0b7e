import type { Capability } from '../contracts/agent.ts';
import { loadScript, runScript } from '../journal/script.ts';
import type { Store } from '../journal/store.ts';
import { type AgentHistory, toAgentHistory } from './agent-history.ts';

const script = loadScript(new URL('./load-histories.lua', import.meta.url));

/** By agent; those of whose work nothing is known are absent. */
export type AgentHistories = ReadonlyMap<string, AgentHistory>;

/** What agents' work came to, a moment ago. */
export type Histories = { of(agentIds: readonly string[], capability?: Capability): Promise<AgentHistories> };

/** Agents in one script, which takes less than a millisecond: Redis serves others between them, and so does this process. */
const CHUNK = 500;
/** How old what is known may be: a history says what an agent is like, which does not change from one second to the next. */
const FRESH_MS = 3_000;

/** Reads the histories of these agents, of one capability or of all. */
export async function loadHistories(
  { redis, keys }: Store,
  agentIds: readonly string[],
  capability?: Capability,
): Promise<AgentHistories> {
  const histories = new Map<string, AgentHistory>();
  for (let from = 0; from < agentIds.length; from += CHUNK) {
    const ids = agentIds.slice(from, from + CHUNK);
    const reply = await runScript(redis, script, { keys: ids.map(keys.agentHistory), args: [capability ?? ''] });
    // The script returns nothing else.
    for (const [place, ...fields] of reply as readonly [number, ...string[]][])
      histories.set(ids[place] ?? '', toAgentHistory(fields));
  }
  return histories;
}

/** Opens them; of ten thousand agents they are read once in a few seconds, whoever asks how often. */
export function openHistories(store: Store): Histories {
  const readings = new Map<
    Capability | 'all',
    { readonly began: number; readonly histories: Promise<AgentHistories> }
  >();

  return {
    of: (agentIds, capability) => {
      const name = capability ?? 'all';
      const known = readings.get(name);
      if (known !== undefined && performance.now() - known.began < FRESH_MS) return known.histories;
      const reading = { began: performance.now(), histories: loadHistories(store, agentIds, capability) };
      readings.set(name, reading);
      reading.histories.catch(() => readings.delete(name)); // whoever waits for it hears of the failure; the next one reads again
      return reading.histories;
    },
  };
}

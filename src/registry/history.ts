import { randomUUID } from 'node:crypto';
import type { Capability } from '../contracts/agent.ts';
import { limits } from '../contracts/limits.ts';
import { loadScript, runScript } from '../journal/script.ts';
import type { Store } from '../journal/store.ts';
import { BATCH_KEPT_MS } from './call-sums.ts';

const script = loadScript(new URL('./record-history.lua', import.meta.url));

/** Whose work it was, and of which capability. */
export type Worked = { readonly agent: string; readonly capability: Capability };

/** What one call came to, or what somebody said of it; null where nothing is known. */
export type Deed = {
  readonly outcome: 'done' | 'failed' | null;
  /** 0 to 1, and how much it counts. */
  readonly quality: number | null;
  readonly qualityWeight: number;
  /** US dollars. */
  readonly cost: number | null;
  readonly tokens: number | null;
  readonly latencyMs: number | null;
};

/** Deeds that wait to be written together. */
export type History = {
  add(worked: Worked, deed: Deed): void;
  /** Lines that wait. */
  readonly size: number;
  /** Takes what waits; the result writes it, once however often it is sent. One after the other: the number of the last batch says which ones are counted. */
  take(): () => Promise<void>;
};

type Sum = { weight: number; sum: number };
type Line = Worked & { done: number; failed: number; quality: Sum; cost: Sum; tokens: Sum; latencyMs: Sum };

/** Opens it, empty. */
export function openHistory({ redis, keys }: Store): History {
  const process = keys.outcomes(randomUUID());
  let lines = new Map<string, Line>();
  let batch = 0;

  async function write(taken: readonly Line[]): Promise<void> {
    if (taken.length === 0) return;
    batch += 1;
    await runScript(redis, script, {
      keys: [process, keys.agents, ...taken.map(({ agent }) => keys.agentHistory(agent))],
      args: [batch, BATCH_KEPT_MS, limits.historyCalls, limits.historyMs, ...taken.flatMap(toArgs)],
    });
  }

  return {
    add: ({ agent, capability }, deed) => {
      const name = `${agent} ${capability}`;
      const line = lines.get(name) ?? emptyLine({ agent, capability });
      lines.set(name, line);
      addDeed(line, deed);
    },
    get size() {
      return lines.size;
    },
    take: () => {
      const taken = [...lines.values()];
      lines = new Map();
      return () => write(taken);
    },
  };
}

function emptyLine(worked: Worked): Line {
  const none = (): Sum => ({ weight: 0, sum: 0 });
  return { ...worked, done: 0, failed: 0, quality: none(), cost: none(), tokens: none(), latencyMs: none() };
}

function addDeed(line: Line, { outcome, quality, qualityWeight, cost, tokens, latencyMs }: Deed): void {
  if (outcome !== null) line[outcome] += 1;
  addTo(line.quality, quality, qualityWeight);
  addTo(line.cost, cost);
  addTo(line.tokens, tokens);
  addTo(line.latencyMs, latencyMs);
}

function addTo(sum: Sum, value: number | null, weight = 1): void {
  if (value === null) return;
  sum.weight += weight;
  sum.sum += weight * value;
}

function toArgs({ agent, capability, done, failed, quality, cost, tokens, latencyMs }: Line) {
  const sums = [quality, cost, tokens, latencyMs].flatMap(({ weight, sum }) => [weight, sum]);
  return [agent, capability, done, failed, ...sums];
}

import { Capability } from '../contracts/agent.ts';

/** A mean, and by how much it was told: beyond limits.historyCalls older ones count less. */
export type Mean = { readonly weight: number; readonly mean: number };

/** What an agent's work of one capability came to, over all workers. */
export type WorkHistory = {
  /** Tasks that ended with its answer, and calls that failed. */
  readonly done: number;
  readonly failed: number;
  /** 0 to 1: a reviewer's word counts whole, the agent's own a quarter. */
  readonly quality: Mean;
  /** US dollars, tokens and milliseconds of one answer; those of which nothing is known do not count. */
  readonly cost: Mean;
  readonly tokens: Mean;
  readonly latencyMs: Mean;
};

/** The same by capability; absent where nothing is known. */
export type AgentHistory = Readonly<Partial<Record<Capability, WorkHistory>>>;

/** The order of numbers in which record-history.lua keeps one. */
function toWorkHistory(text: string): WorkHistory {
  const numbers = text.split(' ').map(Number);
  const at = (place: number): number => numbers[place] ?? 0;
  const mean = (place: number): Mean => ({ weight: at(place), mean: at(place + 1) });
  return { done: at(0), failed: at(1), quality: mean(2), cost: mean(4), tokens: mean(6), latencyMs: mean(8) };
}

/** A history as the hash holds it: capability and numbers in turn. */
export function toAgentHistory(fields: readonly string[]): AgentHistory {
  const history: Partial<Record<Capability, WorkHistory>> = {};
  for (let place = 0; place + 1 < fields.length; place += 2) {
    const capability = known.get(fields[place] ?? '');
    if (capability !== undefined) history[capability] = toWorkHistory(fields[place + 1] ?? '');
  }
  return history;
}

const known: ReadonlyMap<string, Capability> = new Map(Capability.options.map((name) => [name, name]));

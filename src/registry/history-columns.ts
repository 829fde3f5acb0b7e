import type { AgentDescriptor, Capability } from '../contracts/agent.ts';
import type { WorkHistory } from './agent-history.ts';
import type { RegisteredAgent } from './registered-agent.ts';
import { compareCosts, compareQualities, usualCosts } from './score.ts';

/** What agents' work of one capability is worth beside each other, each 0 to 1, in their order. */
export type HistoryColumns = {
  readonly quality: Float64Array;
  /** By their prices and the tokens of their answers; the cheapest highest. */
  readonly cost: Float64Array;
};

type Known = {
  readonly agents: readonly AgentDescriptor[];
  readonly histories: readonly (WorkHistory | undefined)[];
  readonly columns: HistoryColumns;
};

/** By the first of the agents and the capability: histories are read anew less often than all else. */
const known = new WeakMap<AgentDescriptor, Map<Capability, Known>>();

/** The columns of these agents, worked out once for the same ones with the same histories. */
export function historyColumnsOf(registered: readonly RegisteredAgent[], capability: Capability): HistoryColumns {
  const agents = registered.map(({ agent }) => agent);
  const histories = registered.map(({ history }) => history?.[capability]);
  const [first] = agents;
  const ofFirst = (first === undefined ? undefined : known.get(first)) ?? new Map<Capability, Known>();
  const before = ofFirst.get(capability);
  if (before !== undefined && isSame(before.agents, agents) && isSame(before.histories, histories))
    return before.columns;
  const columns = workOut(agents, histories);
  if (first !== undefined) known.set(first, ofFirst.set(capability, { agents, histories, columns }));
  return columns;
}

function isSame(one: readonly unknown[], other: readonly unknown[]): boolean {
  return one.length === other.length && one.every((item, place) => item === other[place]);
}

function workOut(agents: Known['agents'], histories: Known['histories']): HistoryColumns {
  const spenders = agents.map(({ price }, place) => ({ price, tokens: histories[place]?.tokens }));
  return {
    quality: compareQualities(histories.map((history) => history?.quality)),
    cost: compareCosts(usualCosts(spenders)),
  };
}

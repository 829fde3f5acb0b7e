import type { AgentDescriptor } from '../../contracts/agent.ts';
import { entryOf, linesOf, rankedAgents } from '../planner/catalogue.ts';
import type { KnownAgent } from '../planner/known-agent.ts';

/** Agents under the labels a1, a2 ...: the model names one by its label, so neither ids nor addresses are told, and it can invent nobody. */
export type Labels = { readonly lines: string; readonly find: (label: string) => AgentDescriptor | undefined };

/** Labels at most 50 agents, the best of each capability first. */
export function labelsOf(agents: readonly KnownAgent[]): Labels {
  const labelled = rankedAgents(agents).map((agent, at) => ({ label: `a${at + 1}`, agent }));
  return {
    lines: linesOf(labelled.map(({ label, agent }) => ({ agent: label, ...entryOf(agent) }))),
    find: (label) => labelled.find((entry) => entry.label === label.trim())?.agent,
  };
}

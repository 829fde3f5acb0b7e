import { createHash } from 'node:crypto';
import type { AgentDescriptor } from '../contracts/agent.ts';
import type { SessionTurn } from '../contracts/session.ts';
import type { Strategy } from '../contracts/strategy.ts';
import type { ListedTemplate } from '../contracts/template.ts';
import type { Model } from '../llm/model.ts';
import { sameQuery } from '../plan/same-query.ts';
import { planningMessages } from './planner/prompt.ts';
import { strategyRules } from './strategies/prompt.ts';

/** All that a plan follows from, but for what the work of agents and of those made from templates came to: that changes with every task, and at most advises. */
export type PlanSource = {
  readonly query: string;
  readonly agents: readonly AgentDescriptor[];
  readonly earlier: readonly SessionTurn[];
  readonly strategy: Strategy | null;
  /** Empty where the strategy asks for none. */
  readonly templates: readonly ListedTemplate[];
  readonly model: Model['label'];
};

/** What a plan is filed under: SHA-256, in hex, of its source and of the prompts' own words. The order of the agents does not count. */
export function planDigest({ query, agents, templates, ...source }: PlanSource): string {
  const descriptors = agents.map(descriptorDigest).toSorted();
  const bare = templates.map((template) => ({ ...template, record: null }));
  return digestOf(
    JSON.stringify({ query: sameQuery(query), agents: descriptors, templates: bare, prompts, ...source }),
  );
}

/** Another version of a prompt makes other plans. */
const prompts = digestOf(JSON.stringify([planningMessages('', []), strategyRules]));

const known = new WeakMap<AgentDescriptor, string>();

/** Ten thousand descriptors are megabytes of JSON, and stay the same objects from plan to plan. */
function descriptorDigest(agent: AgentDescriptor): string {
  const digest = known.get(agent) ?? digestOf(JSON.stringify(agent));
  known.set(agent, digest);
  return digest;
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

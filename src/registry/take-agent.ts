import type { AgentDescriptor } from '../contracts/agent.ts';
import { limits } from '../contracts/limits.ts';
import type { CallNeed, Choice, Need } from './choice.ts';
import type { Permits, Refusal } from './permit.ts';
import { type Ranking, rankAgents } from './rank.ts';
import type { RegisteredAgent } from './registered-agent.ts';
import type { Registry } from './registry.ts';

/** Agents that were full when somebody looked, which one task asks whether they still are: each costs a round trip. */
const FULL_ASKED = 3;
/** Rankings of which every agent is asked for a slot in vain, before a task gives up for now. */
const ROUNDS = 5;

/** What agents are ranked and asked with. */
export type TakeTools = {
  readonly registry: Pick<Registry, 'byCapability'>;
  readonly permits: Permits;
  readonly canCall: (agent: AgentDescriptor) => boolean;
};

/** What agents have answered that were asked for leave, by their ids. */
type Answers = Map<string, Refusal | 'granted'>;

/** A need, and whose turn it is among equals: a number that grows by one with each need of a capability. */
export type Turned<T extends Need> = T & { readonly turn: number };

/** The agents for a need from what is known. `asked`: what some have just answered to it. */
export async function rankForNeed(
  { registry, permits, canCall }: TakeTools,
  need: Turned<Need>,
  asked?: Answers,
): Promise<Ranking> {
  const { task, failed, turn } = need;
  const agents = await registry.byCapability(task.required_capability);
  const live = permits.live();
  return rankAgents({ task, failed, turn, agents, canCall, live, ...(asked === undefined ? {} : { asked }) });
}

/** Takes leave to call the best agent that gives it, asking one after the other. */
export async function takeAgent(tools: TakeTools, need: Turned<CallNeed>): Promise<Choice> {
  const asked: Answers = new Map();
  for (let round = 0; round < ROUNDS; round += 1) {
    const ranking = await rankForNeed(tools, need, asked);
    const taken = await takeFirst(tools, { agents: toAsk(ranking, asked), holder: need.holder, asked });
    const isFirst = asked.size === 0 || (asked.size === 1 && taken?.agent === ranking.eligible[0]);
    if (isFirst) return { ...ranking, taken };
    if (taken !== undefined || ranking.free.length < limits.candidates)
      return { ...(await rankForNeed(tools, need, asked)), taken };
  }
  return { ...(await rankForNeed(tools, need, asked)), taken: undefined };
}

/** Those that were full when somebody looked, a second ago perhaps, are asked last. */
function toAsk({ free, full }: Ranking, asked: Answers): readonly RegisteredAgent[] {
  return [...free, ...full.slice(0, FULL_ASKED)].filter(({ agent }) => !asked.has(agent.agent_id));
}

type Asking = { readonly agents: readonly RegisteredAgent[]; readonly holder: string; readonly asked: Answers };

/** Asks one after the other for leave, and notes what they answer. */
async function takeFirst({ permits }: TakeTools, { agents, holder, asked }: Asking): Promise<Choice['taken']> {
  for (const registered of agents) {
    const { agent } = registered;
    const permit = await permits.take(registered, holder);
    asked.set(agent.agent_id, typeof permit === 'string' ? permit : 'granted');
    if (typeof permit !== 'string') return { agent, permit };
  }
  return undefined;
}

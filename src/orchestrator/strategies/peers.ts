import type { AgentDescriptor } from '../../contracts/agent.ts';
import { BatonError, faultyError } from '../../contracts/error.ts';
import { peersPlan } from '../../plan/strategy-peers.ts';
import { toInputData } from '../planner/input.ts';
import { clean } from '../planner/text.ts';
import { askTwice, type Made } from './ask-twice.ts';
import { PeersDraft } from './drafts.ts';
import { labelsOf } from './labels.ts';
import { checked, frameOf, type Planned, type Planning } from './planning.ts';
import { strategyMessages } from './prompt.ts';

type Talk = { readonly agents: readonly AgentDescriptor[]; readonly opening: string; readonly reason: string };

/** Agents talk the query over: those that were named, without a call of the model, or those that it chooses. */
export async function planPeers(planning: Planning): Promise<Planned> {
  const { agents: named } = planning.strategy;
  if (named !== undefined) return namedTalk(planning, named);
  const labels = labelsOf(planning.agents.filter((agent) => canTalk(planning, agent)));
  const { value, usage } = await askTwice({
    ...{ model: planning.model, signal: planning.signal, name: 'peers', schema: PeersDraft },
    messages: strategyMessages('peers', planning, labels),
    compile: ({ agents, opening, reason }) => {
      const known = agents.flatMap((label) => labels.find(label) ?? []).slice(0, 9);
      return compileTalk(planning, { agents: known, opening: clean(opening, 8_000), reason: clean(reason, 500) });
    },
  });
  return { ...value, usage };
}

function namedTalk(planning: Planning, named: readonly string[]): Planned {
  const known = named.flatMap((id) => planning.agents.find(({ agent_id }) => agent_id === id) ?? []);
  const able = known.filter((agent) => canTalk(planning, agent)).map(({ agent_id }) => agent_id);
  const missing = named.filter((id) => !able.includes(id));
  if (missing.length > 0) {
    const why = 'not registered, not healthy, or asking for more than the query';
    throw new BatonError('no_suitable_agent', `These agents cannot talk: ${missing.join(', ')} (${why}).`);
  }
  const made = compileTalk(planning, { agents: known, opening: '', reason: 'These agents were named.' });
  if (!made.ok) throw faultyError('planning_failed', made.faults);
  return { ...made.value, usage: null };
}

/** What every turn is given is the query and what was said: an agent that requires other fields cannot take part. */
function canTalk({ query }: Planning, agent: AgentDescriptor): boolean {
  const [capability] = agent.capabilities;
  if (capability === undefined) return false;
  const input_data = [{ name: 'query', value: query }];
  return toInputData({ required_capability: capability, input_data }, [agent]).faults.length === 0;
}

function compileTalk(planning: Planning, { agents, opening, reason }: Talk): Made<Omit<Planned, 'usage'>> {
  const capability = agents[0]?.capabilities[0] ?? 'text_generation';
  const round = { agents: agents.map(({ agent_id }) => agent_id), capability, opening, reason };
  const made = checked(planning, peersPlan(frameOf(planning), round));
  return made.ok ? { ok: true, value: { plan: made.value, reason } } : made;
}

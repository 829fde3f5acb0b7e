// From a query to a plan by the strategy that was asked for. Every strategy makes a plan, so whatever runs plans runs all of them.
import type { Plan } from '../../contracts/plan.ts';
import { addUsage, type Usage } from '../../contracts/result.ts';
import type { StrategyDecision } from '../../contracts/strategy.ts';
import { planQuery } from '../planner/plan-query.ts';
import { askTwice } from './ask-twice.ts';
import { ChoiceDraft } from './drafts.ts';
import { labelsOf } from './labels.ts';
import { planPeers } from './peers.ts';
import { type Planned, type Planning, signed } from './planning.ts';
import { strategyMessages } from './prompt.ts';
import { planReport } from './report.ts';
import { compileRoute, planRoute } from './route.ts';
import { planSequence } from './sequence.ts';
import { planTeam } from './team.ts';

type Made = { readonly plan: Plan; readonly usage: Usage | null };

/**
 * Plans a query. One structured call of the model, two when the first answer has faults, none where nothing is to be decided; `auto`
 * makes one more unless it routes. Throws planning_failed, no_route, no_suitable_agent, and whatever the model throws.
 */
export async function makeStrategyPlan(planning: Planning): Promise<Made> {
  const { name } = planning.strategy;
  return name === 'auto' ? chooseAndMake(planning) : make(planning, name);
}

async function make(planning: Planning, used: StrategyDecision['used']): Promise<Made> {
  const planned = await makers[used](planning);
  return { plan: signed(planning, used, planned), usage: planned.usage };
}

const makers: Readonly<Record<StrategyDecision['used'], (planning: Planning) => Promise<Planned>>> = {
  plan: async (planning) => {
    const { plan, usage } = await planQuery(planning);
    return { plan, usage, reason: plan.reasoning };
  },
  route: planRoute,
  report: planReport,
  sequence: planSequence,
  team: planTeam,
  peers: planPeers,
};

async function chooseAndMake(planning: Planning): Promise<Made> {
  const labels = labelsOf(planning.agents);
  const { value: chosen, usage } = await askTwice({
    ...{ model: planning.model, signal: planning.signal, name: 'strategy', schema: ChoiceDraft },
    messages: strategyMessages('strategy', planning, labels),
    compile: (draft) => ({ ok: true, value: draft }),
  });
  const { strategy: used, reason, route } = chosen;
  const routed = used === 'route' && route !== null ? compileRoute(planning, labels, route) : undefined;
  if (routed?.ok === true) return { plan: signed(planning, used, { ...routed.value, usage, reason }), usage };
  const planned = await makers[used](planning);
  return { plan: signed(planning, used, { ...planned, reason }), usage: addUsage([usage, planned.usage]) };
}

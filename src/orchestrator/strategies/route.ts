import type { AgentDescriptor, Capability } from '../../contracts/agent.ts';
import { BatonError } from '../../contracts/error.ts';
import { limits } from '../../contracts/limits.ts';
import type { Plan } from '../../contracts/plan.ts';
import { routePlan } from '../../plan/strategy-route.ts';
import { toInputData } from '../planner/input.ts';
import { clean } from '../planner/text.ts';
import { askTwice, type Made } from './ask-twice.ts';
import { RouteDraft } from './drafts.ts';
import { type Labels, labelsOf } from './labels.ts';
import { checked, frameOf, type Planned, type Planning } from './planning.ts';
import { strategyMessages } from './prompt.ts';

/**
 * A query goes to one agent: the model classifies it with one call, or none when there is one agent only and it needs nothing but
 * the query. What suits nobody goes to the default agent. Throws no_route without one.
 */
export async function planRoute(planning: Planning): Promise<Planned> {
  const only = onlyRoute(planning);
  if (only !== undefined) return only;
  const labels = labelsOf(planning.agents);
  const messages = strategyMessages('route', planning, labels);
  const { value, usage } = await askTwice({
    ...{ model: planning.model, signal: planning.signal, name: 'route', schema: RouteDraft, messages },
    compile: (draft) => compileRoute(planning, labels, draft),
  });
  return { ...value, usage };
}

/** A route as a plan. One to nobody becomes one to the default agent, or throws no_route. */
export function compileRoute(planning: Planning, labels: Labels, draft: RouteDraft): Made<Omit<Planned, 'usage'>> {
  const reason = clean(draft.reason, 500);
  const agent = draft.agent === null ? undefined : labels.find(draft.agent);
  if (draft.agent !== null && agent === undefined)
    return fault('agent', `expected a label of the list, or null, not ${JSON.stringify(draft.agent.slice(0, 64))}`);
  const capability = capabilityOf(agent, draft.capability);
  if (capability === undefined || isForDefault(planning, capability)) return defaultRoute(planning, reason);
  const able = agent === undefined ? planning.agents : [agent];
  const input = toInputData(
    { required_capability: capability, input_data: withQuery(planning, draft.input_data) },
    able,
  );
  if (input.faults.length > 0) return { ok: false, faults: input.faults };
  const route = { agent: agent?.agent_id ?? null, capability, input: input.data, reason };
  return withReason(checked(planning, routePlan(frameOf(planning), route)), reason);
}

function capabilityOf(agent: AgentDescriptor | undefined, named: Capability | null): Capability | undefined {
  if (agent === undefined) return named ?? undefined;
  return named !== null && agent.capabilities.includes(named) ? named : agent.capabilities[0];
}

/** A capability that nobody here has suits nobody; without a default agent one may still be made, or come back. */
function isForDefault({ strategy, agents }: Planning, capability: Capability): boolean {
  return strategy.default_agent !== undefined && !agents.some(({ capabilities }) => capabilities.includes(capability));
}

function defaultRoute(planning: Planning, reason: string): Made<Omit<Planned, 'usage'>> {
  const { default_agent: id } = planning.strategy;
  if (id === undefined)
    throw new BatonError('no_route', `No agent suits this query: ${reason || 'no reason was given'}`);
  const agent = planning.agents.find(({ agent_id }) => agent_id === id);
  const capability = agent?.capabilities[0];
  if (capability === undefined)
    throw new BatonError('no_route', `No agent suits this query, and the default agent "${id}" is not there.`);
  const route = { agent: id, capability, input: { query: planning.query }, reason };
  return withReason(
    checked(planning, routePlan(frameOf(planning), route)),
    `${reason} The default agent takes it.`.trim(),
  );
}

/** The only agent there is takes the query when that is all it asks for. */
function onlyRoute(planning: Planning): Planned | undefined {
  const [agent, ...others] = planning.agents;
  const [capability] = agent?.capabilities ?? [];
  if (agent === undefined || capability === undefined || others.length > 0) return undefined;
  const input = toInputData({ required_capability: capability, input_data: withQuery(planning, []) }, [agent]);
  if (input.faults.length > 0) return undefined;
  const reason = 'There is no other agent.';
  const made = checked(
    planning,
    routePlan(frameOf(planning), { agent: agent.agent_id, capability, input: input.data, reason }),
  );
  return made.ok ? { plan: made.value, usage: null, reason } : undefined;
}

/** Most agents read the query from a field of this name; one too long for it stands in the description, as far as that goes. */
function withQuery({ query }: Planning, given: RouteDraft['input_data']): RouteDraft['input_data'] {
  const isGiven = given.some(({ name }) => name === 'query');
  return isGiven || query.length > limits.inputBytes / 8 ? given : [{ name: 'query', value: query }, ...given];
}

function withReason(made: Made<Plan>, reason: string): Made<Omit<Planned, 'usage'>> {
  return made.ok ? { ok: true, value: { plan: made.value, reason } } : made;
}

function fault(path: string, message: string): Made<never> {
  return { ok: false, faults: [{ path, message }] };
}

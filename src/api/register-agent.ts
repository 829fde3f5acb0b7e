import type { RequestHandler, Response } from 'express';
import type { AgentDescriptor } from '../contracts/agent.ts';
import { BatonError, faultyError } from '../contracts/error.ts';
import { parseDescriptor, prototypeFaults } from '../registry/descriptor.ts';
import { etagOf, type Registered, type Registration } from '../registry/register.ts';
import { agentBodyOf, agentIdOf, ifMatchOf, withId } from './agent-body.ts';
import { rejectDeep } from './json-body.ts';
import { mergePatch } from './merge-patch.ts';
import type { Handler } from './route.ts';
import type { Door } from './tools.ts';

/** How often a change without If-Match is tried, when others change the same agent at the same time. */
const CHANGE_TRIES = 5;

type Route = Pick<Door, 'registry' | 'whyRefused' | 'agentOfCard'>;

/** Before every handler that takes a descriptor. Throws invalid_request for a body too deep to be looked at, or with keys of a prototype. */
export const refuseHarmful: RequestHandler = (request, _response, next) => {
  rejectDeep(request.body);
  const faults = prototypeFaults(request.body);
  if (faults.length > 0) throw faultyError('invalid_request', faults);
  next();
};

/** PUT /v1/agents/:id: registers, or replaces whatever has this id. */
export function putAgent({ registry, whyRefused }: Route): Handler {
  return async (request, response) => {
    const { fields, instance } = agentBodyOf(request);
    const agent = parseDescriptor(withId(fields, request.params.id), whyRefused);
    const registration: Registration = { agent, instance, mode: 'put', ifMatch: ifMatchOf(request) };
    sendRegistered(response, agent, await registry.register(registration));
  };
}

/** POST /v1/agents: registers a new agent, by its descriptor or by the card at `card_url` with other fields replacing the card's. */
export function createAgent({ registry, whyRefused, agentOfCard }: Route): Handler {
  return async (request, response) => {
    const { fields, instance } = agentBodyOf(request);
    const { card_url, ...own } = fields;
    const described = card_url === undefined ? own : await agentOfCard(card_url, own);
    const agent = parseDescriptor(described, whyRefused);
    response.set('Location', `/v1/agents/${agent.agent_id}`);
    sendRegistered(response, agent, await registry.register({ agent, instance, mode: 'create' }));
  };
}

/** PATCH /v1/agents/:id: changes single fields (RFC 7396) of an agent that is registered; who serves it stays. */
export function changeAgent({ registry, whyRefused }: Route): Handler {
  return async (request, response) => {
    const { fields } = agentBodyOf(request);
    const id = agentIdOf(request);
    const asked = ifMatchOf(request);
    const own = asked === '*' ? undefined : asked;
    for (let tried = 1; ; tried += 1) {
      const known = await registry.find(id);
      if (known === undefined) throw new BatonError('agent_not_found');
      const agent = parseDescriptor(withId(mergePatch(known.agent, fields), id), whyRefused);
      const outcome = await registry.register({ agent, mode: 'change', ifMatch: own ?? known.etag });
      const isOvertaken = outcome === 'changed' && own === undefined && tried < CHANGE_TRIES;
      if (!isOvertaken) return sendRegistered(response, agent, outcome);
    }
  };
}

/** Throws agent_exists, agent_not_found or precondition_failed when nothing was done. */
function sendRegistered(response: Response, agent: AgentDescriptor, outcome: Registered): void {
  const { agent_id: id } = agent;
  if (outcome === 'exists') {
    const message = `expected an id that no agent has; ${id} is registered: PUT replaces it, PATCH changes it`;
    throw faultyError('agent_exists', [{ path: 'agent_id', message }]);
  }
  if (outcome === 'missing') throw new BatonError('agent_not_found');
  if (outcome === 'changed') throw new BatonError('precondition_failed');
  response.set('ETag', `"${etagOf(JSON.stringify(agent))}"`);
  response.status(outcome === 'registered' ? 201 : 200).json(agent);
}

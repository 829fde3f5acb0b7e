import type { Express } from 'express';
import { BatonError } from '../contracts/error.ts';
import { agentIdOf, instanceOf } from './agent-body.ts';
import { showAgentEvents } from './agent-events.ts';
import { toAgentDetail } from './agent-view.ts';
import { readJson } from './json-body.ts';
import { listAgents, showAllAgents } from './list-agents.ts';
import { changeAgent, createAgent, putAgent, refuseHarmful } from './register-agent.ts';
import { addRoute, type Handler } from './route.ts';
import type { Door } from './tools.ts';

/** Who can do what: the seed's GET /agents, registration, health and changes. */
export function addAgentRoutes(app: Express, door: Door): void {
  const readAgent = [...readJson, refuseHarmful] as const;
  addRoute(app, '/agents', { get: showAllAgents(door) });
  addRoute(app, '/v1/agents', { get: listAgents(door), post: [...readAgent, createAgent(door)] });
  addRoute(app, '/v1/agents/events', { get: showAgentEvents(door) });
  addRoute(app, '/v1/agents/:id', {
    get: showAgent(door),
    put: [...readAgent, putAgent(door)],
    patch: [...readAgent, changeAgent(door)],
    delete: async (request, response) => {
      const removed = await door.registry.remove(agentIdOf(request), { instance: instanceOf(request) });
      if (!removed) throw new BatonError('agent_not_found');
      response.status(204).end();
    },
  });
  addRoute(app, '/v1/agents/:id/heartbeat', {
    post: async (request, response) => {
      const known = await door.registry.heartbeat(agentIdOf(request), instanceOf(request));
      if (!known) throw new BatonError('agent_not_found');
      response.status(204).end();
    },
  });
}

/** The ETag is the descriptor's, which If-Match compares. So there is no 304: the rest changes all the time. */
function showAgent({ registry }: Door): Handler {
  return async (request, response) => {
    const details = await registry.find(agentIdOf(request));
    if (details === undefined) throw new BatonError('agent_not_found');
    response.set({ ETag: `"${details.etag}"`, 'Cache-Control': 'no-cache' });
    response.type('json').end(JSON.stringify(toAgentDetail(details)));
  };
}

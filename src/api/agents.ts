import type { Express, Request, Response } from 'express';
import { AgentDescriptor } from '../contracts/agent.ts';
import { BatonError, faultyError } from '../contracts/error.ts';
import { AgentId } from '../contracts/ids.ts';
import { parseBody, readJson } from './json-body.ts';
import { addRoute } from './route.ts';
import type { ApiTools } from './tools.ts';

/** Who can do what: the seed's GET /agents, and registration. */
export function addAgentRoutes(app: Express, { registry }: Pick<ApiTools, 'registry'>): void {
  const list = async (_request: Request, response: Response): Promise<void> => {
    const agents = await registry.list();
    response.json({ agents: agents.map(({ agent, healthy }) => ({ ...agent, healthy })) });
  };
  addRoute(app, '/agents', { get: list });
  addRoute(app, '/v1/agents', { get: list });
  addRoute(app, '/v1/agents/:id', {
    put: [
      ...readJson,
      async (request, response) => {
        const agent = parseBody(AgentDescriptor, withId(request.body, request.params.id));
        const added = await registry.put(agent);
        response.status(added ? 201 : 200).json(agent);
      },
    ],
    delete: async (request, response) => {
      if (!(await registry.remove(agentIdOf(request)))) throw new BatonError('agent_not_found');
      response.status(204).end();
    },
  });
  addRoute(app, '/v1/agents/:id/heartbeat', {
    post: async (request, response) => {
      if (!(await registry.heartbeat(agentIdOf(request)))) throw new BatonError('agent_not_found');
      response.status(204).end();
    },
  });
}

/** The address names the agent; a body may repeat the id, but not contradict it. */
function withId(body: unknown, id: unknown): unknown {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return body;
  const { agent_id: given = id } = body as { agent_id?: unknown }; // parsed JSON: any field may be there
  if (given === id) return { ...body, agent_id: id };
  throw faultyError('invalid_request', [{ path: 'agent_id', message: 'expected the id of the address, or none' }]);
}

function agentIdOf(request: Request): string {
  const id = AgentId.safeParse(request.params.id);
  if (!id.success) throw new BatonError('agent_not_found');
  return id.data;
}

import { z } from 'zod';
import { Capability } from '../contracts/agent.ts';
import type { AgentPage } from '../contracts/agent-view.ts';
import { parseOr } from '../contracts/error.ts';
import { AgentId } from '../contracts/ids.ts';
import { limits } from '../contracts/limits.ts';
import { loadSources } from '../registry/origin.ts';
import type { RegisteredAgent } from '../registry/registered-agent.ts';
import { toAgentView } from './agent-view.ts';
import type { Handler } from './route.ts';
import type { Door } from './tools.ts';

const PAGE_DEFAULT = 100;

/** Query of GET /v1/agents. `cursor` is what the page before gave as next_cursor. */
const AgentQuery = z.object({
  capability: Capability.optional(),
  healthy: z
    .enum(['true', 'false'], { error: 'expected true or false' })
    .transform((value) => value === 'true')
    .optional(),
  skill: z.string().min(1).max(100).optional(),
  /** Looked for in id, name and description. */
  q: z.string().min(1).max(200).optional(),
  limit: z.coerce.number().int().min(1).max(limits.pageAgents).default(PAGE_DEFAULT),
  cursor: AgentId.optional(),
});
type AgentQuery = z.infer<typeof AgentQuery>;

/** GET /agents, as the seed has it: every agent, and whether it is healthy. */
export function showAllAgents({ registry }: Door): Handler {
  return async (_request, response) => {
    const agents = await registry.list();
    response.json({ agents: agents.map(({ agent, healthy }) => ({ ...agent, healthy })) });
  };
}

/** GET /v1/agents: one page by id, of those that the query asks for. */
export function listAgents({ registry, flow }: Door): Handler {
  return async (request, response) => {
    const query = parseOr(AgentQuery, request.query, 'invalid_request');
    const found = (await registry.list(query.capability))
      .filter((candidate) => isAskedFor(candidate, query))
      .toSorted((a, b) => (a.agent.agent_id < b.agent.agent_id ? -1 : 1));
    const page = found.slice(0, query.limit);
    const sources = await loadSources(
      flow.store,
      page.map(({ agent }) => agent.agent_id),
    );
    const last = found.length > page.length ? page.at(-1)?.agent.agent_id : undefined;
    const answer: AgentPage = {
      agents: page.map((agent, index) => toAgentView(agent, sources[index] ?? 'registered')),
      next_cursor: last ?? null,
    };
    response.json(answer);
  };
}

function isAskedFor({ agent, healthy }: RegisteredAgent, { healthy: wanted, skill, q, cursor }: AgentQuery): boolean {
  if (cursor !== undefined && agent.agent_id <= cursor) return false;
  if (wanted !== undefined && healthy !== wanted) return false;
  if (skill !== undefined && !agent.skills.some((own) => own.toLowerCase() === skill.toLowerCase())) return false;
  const texts = [agent.agent_id, agent.name, agent.description];
  return q === undefined || texts.some((text) => text.toLowerCase().includes(q.toLowerCase()));
}

import type { z } from 'zod';
import { AgentDescriptor, type Capability } from '../contracts/agent.ts';
import { AgentDetail, AgentPage, type AgentView, DiscoveryState } from '../contracts/agent-view.ts';
import type { Http } from './http.ts';

/** Agents in one request. */
const PAGE = 500;

type Call = Readonly<{ signal?: AbortSignal | undefined }>;

/** An agent to register: defaults may be left out. */
export type AgentInput = z.input<typeof AgentDescriptor>;

/** The agent whose card is at an address; other fields replace the card's, and `auth` is shown to its server. */
export type CardInput = Readonly<{ card_url: string }> & Partial<AgentInput>;

/** Which agents: all of these must hold. `q` is looked for in id, name and description. */
export type AgentFilter = Readonly<{
  capability?: Capability | undefined;
  healthy?: boolean | undefined;
  skill?: string | undefined;
  q?: string | undefined;
}>;

/** Who says that it serves the agent; a registration under a name refuses heartbeats of others. */
export type InstanceOptions = Call & Readonly<{ instance?: string | undefined }>;
export type ChangeOptions = Call &
  Readonly<{ /** The etag that the agent must still have. */ ifMatch?: string | undefined }>;

export type AgentClient = {
  /** All agents that the filter lets through, with how they stand. */
  agents(options?: Call & AgentFilter): Promise<readonly AgentView[]>;
  agent(id: string, options?: Call): Promise<AgentDetail>;
  /** Registers an agent; throws agent_exists when its id belongs to another one. */
  createAgent(agent: AgentInput | CardInput, options?: InstanceOptions): Promise<AgentDescriptor>;
  /** Registers an agent, or replaces the one that has its id. */
  putAgent(agent: AgentInput, options?: InstanceOptions): Promise<AgentDescriptor>;
  /** Changes single fields; null sets one back to its default. */
  changeAgent(id: string, fields: Readonly<Record<string, unknown>>, options?: ChangeOptions): Promise<AgentDescriptor>;
  removeAgent(id: string, options?: InstanceOptions): Promise<void>;
  /** Says that the agent serves; throws agent_not_found when it must be registered again. */
  heartbeat(id: string, options?: InstanceOptions): Promise<void>;
  /** How it stands with the foreign discovery service; throws discovery_not_configured. */
  discovery(options?: Call): Promise<DiscoveryState>;
  /** Asks that service at once. */
  refreshDiscovery(options?: Call): Promise<DiscoveryState>;
};

/** What a client can do with agents. */
export function openAgentClient(http: Http): AgentClient {
  return {
    agents: async ({ signal, ...filter } = {}) => {
      const found: AgentView[] = [];
      for (let cursor: string | null = ''; cursor !== null; ) {
        const page: AgentPage = await http.load(AgentPage, { path: `v1/agents?${queryOf(filter, cursor)}`, signal });
        found.push(...page.agents);
        cursor = page.next_cursor;
      }
      return found;
    },
    agent: (id, { signal } = {}) => http.load(AgentDetail, { path: pathOf(id), signal }),
    createAgent: (body, { instance, signal } = {}) =>
      http.load(AgentDescriptor, { path: 'v1/agents', method: 'POST', headers: headersOf(instance), body, signal }),
    putAgent: (body, { instance, signal } = {}) =>
      http.load(AgentDescriptor, {
        path: pathOf(body.agent_id),
        method: 'PUT',
        headers: headersOf(instance),
        body,
        signal,
      }),
    changeAgent: (id, body, { ifMatch, signal } = {}) => {
      const headers = ifMatch === undefined ? {} : { 'if-match': `"${ifMatch}"` };
      return http.load(AgentDescriptor, { path: pathOf(id), method: 'PATCH', headers, body, signal });
    },
    removeAgent: async (id, { instance, signal } = {}) =>
      void (await http.send({ path: pathOf(id), method: 'DELETE', headers: headersOf(instance), signal })),
    heartbeat: async (id, { instance, signal } = {}) => {
      await http.send({ path: `${pathOf(id)}/heartbeat`, method: 'POST', headers: headersOf(instance), signal });
    },
    discovery: ({ signal } = {}) => http.load(DiscoveryState, { path: 'v1/discovery', signal }),
    refreshDiscovery: ({ signal } = {}) =>
      http.load(DiscoveryState, { path: 'v1/discovery/refresh', method: 'POST', signal }),
  };
}

function queryOf({ capability, healthy, skill, q }: AgentFilter, cursor: string): URLSearchParams {
  return new URLSearchParams({
    limit: `${PAGE}`,
    ...(cursor !== '' && { cursor }),
    ...(capability !== undefined && { capability }),
    ...(healthy !== undefined && { healthy: `${healthy}` }),
    ...(skill !== undefined && { skill }),
    ...(q !== undefined && { q }),
  });
}

function headersOf(instance: string | undefined): Readonly<Record<string, string>> {
  return instance === undefined ? {} : { 'x-baton-instance': instance };
}

function pathOf(id: string): string {
  return `v1/agents/${encodeURIComponent(id)}`;
}

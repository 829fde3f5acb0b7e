import type { AgentDescriptor } from '../contracts/agent.ts';
import type { Transport } from '../contracts/agent-protocol.ts';

/** What to ask, and which statuses show that the agent serves. */
export type ProbeTarget = { readonly url: string; readonly isServing: (status: number) => boolean };

/** The seed's health check. */
const isOk = (status: number): boolean => status === 200;
/** A server that refuses the question without a key, or knows no such page, is one that serves. */
const isAnswer = (status: number): boolean => status < 500;

type Rule = (agent: AgentDescriptor, endpoint: string) => ProbeTarget;

/** How agents of each transport are asked from outside; the others live in workers, whose heartbeats speak for them. */
const rules: Readonly<Partial<Record<Transport, Rule>>> = {
  http: (agent, endpoint) => ({ url: `${endpoint}${agent.health_endpoint}`, isServing: isOk }),
  openai: (_agent, endpoint) => ({ url: `${endpoint}/models`, isServing: isAnswer }),
  a2a: (agent, endpoint) => ({ url: agent.a2a?.card_url ?? endpoint, isServing: isOk }),
  mcp: (_agent, endpoint) => ({ url: endpoint, isServing: isAnswer }),
};

/** How to ask an agent whether it serves; undefined for one that cannot be asked. */
export function probeTarget(agent: AgentDescriptor): ProbeTarget | undefined {
  if (agent.endpoint === null) return undefined;
  return rules[agent.transport]?.(agent, agent.endpoint.replace(/\/+$/, ''));
}

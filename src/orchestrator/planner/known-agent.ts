import type { AgentDescriptor } from '../../contracts/agent.ts';
import type { AgentHistory } from '../../registry/agent-history.ts';
import type { Registry } from '../../registry/registry.ts';
import { isSpawned } from '../../registry/spawn-owner.ts';

/** An agent as a planner knows it: what it says of itself, and what its work came to. */
export type KnownAgent = AgentDescriptor & { readonly history?: AgentHistory };

/** The agents that a plan may count on now, and the same with what their work came to. */
export type Staff = { readonly descriptors: readonly AgentDescriptor[]; readonly known: readonly KnownAgent[] };

/** Those that are healthy, but for agents that were made for some run. */
export async function loadStaff(registry: Pick<Registry, 'list'>): Promise<Staff> {
  const staff = (await registry.list()).filter(({ agent, healthy }) => healthy && !isSpawned(agent));
  return {
    descriptors: staff.map(({ agent }) => agent),
    known: staff.map(({ agent, history }) => (history === undefined ? agent : { ...agent, history })),
  };
}

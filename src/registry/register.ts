import { createHash } from 'node:crypto';
import type { AgentDescriptor } from '../contracts/agent.ts';
import type { AgentSource } from '../contracts/agent-view.ts';
import { BatonError } from '../contracts/error.ts';
import type { Keys } from '../contracts/keys.ts';
import { defaults, limits } from '../contracts/limits.ts';
import { loadScript, runScript } from '../journal/script.ts';
import type { Store } from '../journal/store.ts';
import { needsHealth } from './registered-agent.ts';

const registering = loadScript(new URL('./register.lua', import.meta.url));
const removing = loadScript(new URL('./remove.lua', import.meta.url));

export type Registration = {
  readonly agent: AgentDescriptor;
  /**
   * put replaces whatever has this id. create: only where nothing has it, but for the same again. change: only what is there, whose
   * owner and health stay. discover: only where nothing has it that somebody registered; it is healthy once a probe says so.
   */
  readonly mode: 'put' | 'create' | 'change' | 'discover';
  readonly source?: AgentSource;
  /** Who serves it; heartbeats of others are then refused. */
  readonly instance?: string | undefined;
  /** The etag that the descriptor must have, or `*` for any. */
  readonly ifMatch?: string | undefined;
};

/** What came of it; exists, missing and changed: nothing was done. */
export type Registered = 'registered' | 'updated' | 'same' | 'exists' | 'missing' | 'changed';

/** Writes a descriptor with its origin, its health and the change, in one step. A new agent counts as healthy for `healthTtlMs`. */
export async function registerAgent(
  { redis, keys }: Store,
  registration: Registration,
  healthTtlMs: number = defaults.healthTtlMs,
): Promise<Registered> {
  const { agent, mode, source = 'registered', instance = '', ifMatch = '' } = registration;
  const { name, capabilities, transport } = agent;
  const detail = JSON.stringify({ name, capabilities, transport, source });
  const args = [agent.agent_id, JSON.stringify(agent), source, instance, mode, ifMatch];
  const reply = await runScript(redis, registering, {
    keys: agentKeys(keys, agent.agent_id),
    args: [...args, healthMsOf(registration, healthTtlMs), limits.agentEvents, detail],
  });
  return reply as Registered; // the script returns nothing else
}

function healthMsOf({ agent, mode }: Registration, healthTtlMs: number): number {
  if (!needsHealth(agent)) return 0;
  return mode === 'put' || mode === 'create' ? healthTtlMs : -1;
}

/** By whom an agent may be taken out; both absent: by anybody. */
export type Remover = { readonly instance?: string | undefined; readonly source?: AgentSource };

/** Takes an agent out at once. False when it was not there; throws agent_instance_mismatch when it belongs to another instance or source. */
export async function removeAgent({ redis, keys }: Store, id: string, remover: Remover = {}): Promise<boolean> {
  const { instance = '', source = '' } = remover;
  const reply = await runScript(redis, removing, {
    keys: [...agentKeys(keys, id), keys.agentHistory(id)],
    args: [id, instance, source, limits.agentEvents],
  });
  if (reply === -1) throw anothersAgent(id);
  return reply === 1;
}

/** The error for a heartbeat or a removal by another instance than the one that registered. */
export function anothersAgent(id: string): BatonError {
  const text = `The agent "${id}" was registered by another instance: send the X-Baton-Instance that registered it, or register it anew by PUT.`;
  return new BatonError('agent_instance_mismatch', text);
}

/** What every script about one agent takes first: agents, origins, serving, events, health. */
export function agentKeys(keys: Keys, id: string): readonly string[] {
  return [keys.agents, keys.agentOrigins, keys.servingAgents, keys.agentEvents, keys.agentHealth(id)];
}

/** What If-Match compares: a digest of the descriptor's text as it lies in Redis. */
export function etagOf(text: string): string {
  return createHash('sha1').update(text).digest('hex');
}

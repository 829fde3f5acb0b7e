import { z } from 'zod';
import { AgentDescriptor } from './agent.ts';
import { HistoryView } from './agent-history.ts';
import { AgentId } from './ids.ts';

/** Who put an agent into the registry: somebody who registered it, the foreign discovery service, or baton itself from a template. */
export const AgentSource = z.enum(['registered', 'discovered', 'spawned']);
export type AgentSource = z.infer<typeof AgentSource>;

/** Who serves an agent, as it names itself when it registers and sends heartbeats. */
export const AgentInstance = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$/, 'expected 1 to 100 letters, digits, "_", "." or "-"');

/** What shows that an agent serves: its registration, a heartbeat, a probe, or a call that succeeded. */
export const HealthSign = z.enum(['registration', 'heartbeat', 'probe', 'call']);
export type HealthSign = z.infer<typeof HealthSign>;

/** An agent in a list: its descriptor, and how it stands now. */
export const AgentView = AgentDescriptor.safeExtend({
  healthy: z.boolean(),
  /** Its breaker is open: it is not called. */
  broken: z.boolean().default(false),
  /** Calls at this moment, of an agent with max_concurrent_tasks. */
  busy: z.int().default(0),
  /** What became of its calls, older ones counting less. */
  record: z
    .object({ weight: z.number(), success: z.number(), latency_ms: z.number().nullable() })
    .default({ weight: 0, success: 1, latency_ms: null }),
  source: AgentSource.default('registered'),
});
export type AgentView = z.infer<typeof AgentView>;

/** One agent by its id. `last_seen_at` and `seen_by` are null for one that is not healthy, or needs no server. */
export const AgentDetail = AgentView.safeExtend({
  /** What its work came to, by capability. */
  history: HistoryView.default({}),
  registered_at: z.iso.datetime().nullable(),
  updated_at: z.iso.datetime().nullable(),
  last_seen_at: z.iso.datetime().nullable(),
  seen_by: HealthSign.nullable(),
  /** Of the descriptor: If-Match compares it. */
  etag: z.string(),
});
export type AgentDetail = z.infer<typeof AgentDetail>;

/** One page of agents, by id, and where the next begins. */
export const AgentPage = z.object({ agents: z.array(AgentView), next_cursor: z.string().nullable().default(null) });
export type AgentPage = z.infer<typeof AgentPage>;

/** What can change in the registry. `expired`: no sign of life in time; `broken`: its breaker opened; `mended`: it closed. */
export const AgentChangeName = z.enum([
  'agent.registered',
  'agent.updated',
  'agent.removed',
  'agent.expired',
  'agent.recovered',
  'agent.broken',
  'agent.mended',
]);
export type AgentChangeName = z.infer<typeof AgentChangeName>;

/** One change. `id` is the Redis stream id and the SSE id. A change called registry.gap stands for those that are no longer kept. */
export const AgentChange = z.object({
  id: z.string(),
  name: z.union([AgentChangeName, z.literal('registry.gap')]),
  /** Null in a gap. */
  agent_id: AgentId.nullable(),
  detail: z.record(z.string(), z.unknown()),
  timestamp: z.iso.datetime(),
});
export type AgentChange = z.infer<typeof AgentChange>;

/** How it stands with the foreign discovery service. Times are null for what has not happened. */
export const DiscoveryState = z.object({
  url: z.string(),
  /** How many of its agents are registered now. */
  agents: z.int(),
  refreshed_at: z.iso.datetime().nullable(),
  fresh_until: z.iso.datetime().nullable(),
  /** The last answer is older than it should be, and is still used. */
  stale: z.boolean(),
  /** Why the last try failed; null when it did not. */
  error: z.string().nullable(),
  /** Entries of the last answer that were passed over, and why; the first hundred. */
  skipped: z.array(z.object({ agent_id: z.string(), reason: z.string() })),
});
export type DiscoveryState = z.infer<typeof DiscoveryState>;

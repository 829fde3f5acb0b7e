import { AgentDescriptor } from '../contracts/agent.ts';
import { BatonError } from '../contracts/error.ts';
import { limits } from '../contracts/limits.ts';
import { parseDescriptor, type WhyRefused } from './descriptor.ts';

/** An entry of a discovery service's answer that cannot be used, and why. */
export type Skipped = { readonly agent_id: string; readonly reason: string };

export type ForeignAgents = { readonly agents: readonly AgentDescriptor[]; readonly skipped: readonly Skipped[] };

/** What a discovery service may say of an agent. Not auth and tls: whose secrets an address is shown, only a registration here decides. */
const takenOver: readonly string[] = Object.keys(AgentDescriptor.shape).filter((key) => !['auth', 'tls'].includes(key));
const payloadFields: readonly string[] = [
  'content_type',
  'required_fields',
  'optional_fields',
  'json_schema',
  'example',
];
/** How an agent may be called that somebody else tells of; the others would run here. */
const remoteTransports: ReadonlySet<unknown> = new Set([undefined, 'http', 'openai', 'a2a', 'mcp']);
/** What another baton tells of how its agents stand: theirs, and changing all the time. */
const passing: ReadonlySet<string> = new Set(['healthy', 'broken', 'busy', 'record', 'source', 'auth', 'tls']);

/**
 * The agents of a discovery service's answer: `{"agents": [...]}` or a bare list, in the seed's field names; fields that are not known go
 * into metadata, entries that have faults are passed over. Throws discovery_unavailable for anything else.
 */
export function toForeignAgents(answer: unknown, whyRefused: WhyRefused): ForeignAgents {
  const agents = new Map<string, AgentDescriptor>();
  const skipped: Skipped[] = [];
  for (const entry of entriesOf(answer)) {
    const agent_id = idOf(entry);
    try {
      const agent = toDescriptor(entry, whyRefused);
      if (agents.has(agent_id)) skipped.push({ agent_id, reason: 'it is listed twice: the first one counts' });
      else agents.set(agent_id, agent);
    } catch (thrown) {
      skipped.push({ agent_id, reason: BatonError.from(thrown, 'invalid_request').message });
    }
  }
  return { agents: [...agents.values()], skipped };
}

function entriesOf(answer: unknown): readonly unknown[] {
  const list = isRecord(answer) ? answer.agents : answer;
  if (!Array.isArray(list)) {
    throw new BatonError('discovery_unavailable', 'Expected {"agents": [...]} or a list from the discovery service.');
  }
  if (list.length <= limits.foreignAgents) return list;
  const text = `Expected at most ${limits.foreignAgents} agents from the discovery service, came ${list.length}.`;
  throw new BatonError('discovery_unavailable', text);
}

function toDescriptor(entry: unknown, whyRefused: WhyRefused): AgentDescriptor {
  if (!isRecord(entry)) throw new BatonError('invalid_request', 'Expected an object.');
  if (!remoteTransports.has(entry.transport)) {
    throw new BatonError('invalid_request', 'Expected an agent that is called over the network.');
  }
  if (isSet(entry.auth) || isSet(entry.tls)) {
    throw new BatonError('invalid_request', 'It names secrets: register it here yourself.');
  }
  return parseDescriptor(withoutUnknown(entry), whyRefused);
}

function withoutUnknown(entry: Readonly<Record<string, unknown>>): unknown {
  const unknown = Object.entries(entry).filter(([key]) => !takenOver.includes(key) && !passing.has(key));
  const { metadata = {}, payload_schema } = entry;
  return {
    ...pick(entry, takenOver),
    ...(isRecord(payload_schema) && { payload_schema: pick(payload_schema, payloadFields) }),
    // What cannot hold more is left to the schema, which refuses it.
    metadata: isRecord(metadata) ? Object.fromEntries([...unknown, ...Object.entries(metadata)]) : metadata,
  };
}

function pick(from: Readonly<Record<string, unknown>>, keys: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(from).filter(([key]) => keys.includes(key)));
}

function idOf(entry: unknown): string {
  const id = isRecord(entry) ? entry.agent_id : undefined;
  return typeof id === 'string' ? id.slice(0, 100) : 'without an agent_id';
}

function isSet(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

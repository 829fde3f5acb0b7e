import { AgentDescriptor } from '../contracts/agent.ts';
import type { AgentAccess } from '../contracts/agent-access.ts';
import { type Fault, faultyError, parseOr } from '../contracts/error.ts';
import { capabilitiesOf } from './agent-card-capabilities.ts';
import type { AgentCard, CardInterface } from './agent-card-parse.ts';
import type { CardScheme } from './agent-card-scheme.ts';

/** Fields of a descriptor that whoever registers a card sets beside it: any but those below. */
export type CardOverrides = Readonly<Record<string, unknown>>;

/** What the card alone says. */
const fromCard: ReadonlySet<string> = new Set(['transport', 'endpoint', 'a2a', 'static_response']);

const MOST_SKILLS = 50;
const SKILL_CHARS = 100;

/**
 * What the registry keeps of an agent with this card. Throws invalid_request that names each fault: no interface that baton speaks, an
 * extension or a secret that it asks for, or an override that does not fit.
 */
export function toAgentDescriptor(card: AgentCard, cardUrl: string, overrides: CardOverrides = {}): AgentDescriptor {
  const spoken = preferred(card.interfaces);
  const faults = [...interfaceFaults(card, spoken), ...extensionFaults(card), ...overrideFaults(overrides)];
  if (spoken === undefined || faults.length > 0) throw faultyError('invalid_request', faults);
  const { url: endpoint, ...protocol } = spoken;
  const told = {
    ...{ agent_id: idOf(card.name), name: card.name.slice(0, 200), description: card.description.slice(0, 4_000) },
    ...{ version: card.version.slice(0, 100), skills: skillsOf(card), capabilities: capabilitiesOf(card) },
    streaming_mode: card.streaming ? 'dynamic_events' : 'static',
    payload_schema: { content_type: card.takesData ? 'application/json' : 'text/plain' },
  };
  const fixed = { transport: 'a2a', endpoint, a2a: { card_url: cardUrl, ...protocol } };
  const descriptor = parseOr(AgentDescriptor, { ...told, ...overrides, ...fixed }, 'invalid_request');
  const misfits = [...streamingFaults(card, descriptor), ...securityFaults(card, descriptor)];
  if (misfits.length > 0) throw faultyError('invalid_request', misfits);
  return descriptor;
}

/** The agent's first one of the newest version. */
function preferred(interfaces: readonly CardInterface[]): CardInterface | undefined {
  return interfaces.find(({ version }) => version === '1.0') ?? interfaces[0];
}

function interfaceFaults({ otherInterfaces }: AgentCard, spoken: CardInterface | undefined): readonly Fault[] {
  if (spoken !== undefined) return [];
  const expected = 'expected an interface of JSONRPC or HTTP+JSON, of version 1.0 or 0.3, at an http or https URL';
  return [{ path: 'card.supportedInterfaces', message: `${expected}; none of the ${otherInterfaces} is one` }];
}

function extensionFaults({ requiredExtensions }: AgentCard): readonly Fault[] {
  return requiredExtensions.map((uri) => ({
    path: 'card.capabilities.extensions',
    message: `the agent requires the extension ${uri.slice(0, SKILL_CHARS)}, which baton does not speak`,
  }));
}

function overrideFaults(overrides: CardOverrides): readonly Fault[] {
  const taken = Object.keys(overrides).filter((name) => fromCard.has(name));
  return taken.map((path) => ({ path, message: 'expected none: the card says it' }));
}

/** `Travel desk` is `travel-desk`. A name without a letter that an id may have leaves the id to whoever registers. */
function idOf(name: string): string | undefined {
  const plain = name
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+/, '')
    .slice(0, 64)
    .replace(/-+$/, '');
  return plain === '' ? undefined : plain;
}

function skillsOf({ skills }: AgentCard): readonly string[] {
  const names = [...skills.map(({ name }) => name), ...skills.flatMap(({ tags }) => tags)];
  const clean = names.map((name) => name.trim().slice(0, SKILL_CHARS)).filter((name) => name !== '');
  return [...new Set(clean)].slice(0, MOST_SKILLS);
}

function streamingFaults({ streaming }: AgentCard, { streaming_mode }: AgentDescriptor): readonly Fault[] {
  if (streaming || streaming_mode === 'static') return [];
  return [{ path: 'streaming_mode', message: 'expected static: the card says that the agent does not stream' }];
}

function securityFaults({ security }: AgentCard, access: AgentAccess): readonly Fault[] {
  if (security.length === 0 || security.some((all) => all.every((scheme) => isMet(scheme, access)))) return [];
  const asked = security.map((all) => all.map(({ label }) => label).join(' and ')).join(', or ');
  const how = '{"kind": "bearer" | "header", "name"?, "secret_ref"}, for a client certificate "tls"';
  return [{ path: 'auth', message: `the agent asks for ${asked}; expected "auth": ${how}` }];
}

function isMet({ kind, header }: CardScheme, { auth, tls }: AgentAccess): boolean {
  switch (kind) {
    case 'bearer':
      return auth?.kind === 'bearer';
    case 'header':
      return auth?.kind === 'header' && auth.name.toLowerCase() === header;
    case 'mtls':
      return tls?.cert_ref !== undefined;
    case 'unknown':
      return false;
    default:
      return kind satisfies never;
  }
}

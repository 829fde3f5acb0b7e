import { z } from 'zod';
import type { A2aProtocol } from '../contracts/agent-protocol.ts';
import { parseOr } from '../contracts/error.ts';
import { type CardScheme, parseScheme } from './agent-card-scheme.ts';

/** One way to speak to an agent that baton knows. */
export type CardInterface = Readonly<{ url: string } & Pick<A2aProtocol, 'binding' | 'version' | 'tenant'>>;

/** What baton reads of an agent's card, the same for 1.0 and 0.3. */
export type AgentCard = Readonly<{
  name: string;
  description: string;
  version: string;
  /** Those that baton can speak, in the agent's order; and how many it has beside them. */
  interfaces: readonly CardInterface[];
  otherInterfaces: number;
  streaming: boolean;
  /** Whether it takes data, not only words. */
  takesData: boolean;
  skills: readonly { readonly id: string; readonly name: string; readonly tags: readonly string[] }[];
  /** Any one of these, each one all together, by what the card calls them; empty when nothing is asked for. */
  security: readonly (readonly CardScheme[])[];
  /** URIs of extensions without which it takes no call. */
  requiredExtensions: readonly string[];
}>;

const MOST = 500;
const text = z.string().max(100_000);
const url = z.url({ protocol: /^https?$/, error: 'expected an http or https URL' }).max(2_000);

const common = {
  name: text.min(1),
  description: text.default(''),
  version: text.default(''),
  capabilities: z
    .looseObject({
      streaming: z.boolean().nullish(),
      extensions: z
        .array(z.looseObject({ uri: text, required: z.boolean().nullish() }))
        .max(MOST)
        .nullish(),
    })
    .default({}),
  defaultInputModes: z.array(text).max(MOST).default([]),
  skills: z
    .array(z.looseObject({ id: text, name: text, tags: z.array(text).max(MOST).default([]) }))
    .max(MOST)
    .default([]),
  securitySchemes: z.record(z.string(), z.unknown()).nullish(),
};

const CurrentCard = z.looseObject({
  ...common,
  supportedInterfaces: z
    .array(
      z.looseObject({
        url: text,
        protocolBinding: text,
        protocolVersion: text.default('1.0'),
        tenant: text.default(''),
      }),
    )
    .min(1, 'expected at least one interface')
    .max(MOST),
  securityRequirements: z
    .array(z.looseObject({ schemes: z.record(z.string(), z.unknown()).default({}) }))
    .max(MOST)
    .nullish(),
});

const LegacyCard = z.looseObject({
  ...common,
  protocolVersion: text.default('0.3.0'),
  url: text,
  preferredTransport: text.default('JSONRPC'),
  additionalInterfaces: z
    .array(z.looseObject({ url: text, transport: text }))
    .max(MOST)
    .nullish(),
  security: z.array(z.record(z.string(), z.unknown())).max(MOST).nullish(),
});

/** Reads a card of A2A 1.0 or 0.3. Throws invalid_request that names each fault below `card`. */
export function parseAgentCard(card: unknown): AgentCard {
  const isCurrent = typeof card === 'object' && card !== null && 'supportedInterfaces' in card;
  return isCurrent ? fromCurrent(card) : fromLegacy(card);
}

function fromCurrent(value: unknown): AgentCard {
  const { card } = parseOr(z.object({ card: CurrentCard }), { card: value }, 'invalid_request');
  const given = card.supportedInterfaces.map((each) => ({
    ...each,
    binding: each.protocolBinding,
    version: each.protocolVersion,
  }));
  return {
    ...headOf(card, given),
    security: securityOf(
      card,
      (card.securityRequirements ?? []).map((each) => each.schemes),
    ),
  };
}

function fromLegacy(value: unknown): AgentCard {
  const { card } = parseOr(z.object({ card: LegacyCard }), { card: value }, 'invalid_request');
  const first = { url: card.url, transport: card.preferredTransport };
  const given = [first, ...(card.additionalInterfaces ?? [])].map((each) => ({
    ...{ url: each.url, tenant: '', binding: each.transport, version: card.protocolVersion },
  }));
  const [, ...others] = given;
  const isListedTwice = others.some(({ url, binding }) => url === first.url && binding === first.transport);
  return { ...headOf(card, isListedTwice ? others : given), security: securityOf(card, card.security ?? []) };
}

type Given = Readonly<{ url: string; binding: string; version: string; tenant: string }>;
type Common = z.infer<z.ZodObject<typeof common>>;

function headOf(card: Common, given: readonly Given[]): Omit<AgentCard, 'security'> {
  const interfaces = given.flatMap(knownInterface);
  const extensions = card.capabilities.extensions ?? [];
  return {
    ...{ name: card.name, description: card.description, version: card.version, skills: card.skills },
    interfaces,
    otherInterfaces: given.length - interfaces.length,
    streaming: card.capabilities.streaming === true,
    takesData: card.defaultInputModes.some((mode) => /^(application\/(json|\*)|\*(\/\*)?)$/i.test(mode)),
    requiredExtensions: extensions.flatMap(({ uri, required }) => (required === true ? [uri] : [])),
  };
}

function knownInterface({ url: address, binding, version, tenant }: Given): readonly CardInterface[] {
  const known = (['JSONRPC', 'HTTP+JSON'] as const).find((each) => each === binding.toUpperCase());
  const spoken = /^1(\.\d+)*$/.test(version) ? '1.0' : /^0\.3(\.\d+)*$/.test(version) ? '0.3' : undefined;
  if (known === undefined || spoken === undefined || !url.safeParse(address).success) return [];
  return [{ url: address, binding: known, version: spoken, tenant }];
}

/** A scheme that is required and not described is one that nobody knows. */
function securityOf({ securitySchemes }: Common, requirements: readonly object[]): AgentCard['security'] {
  const schemes = new Map(Object.entries(securitySchemes ?? {}));
  return requirements.map((all) => Object.keys(all).map((name) => parseScheme(name, schemes.get(name))));
}

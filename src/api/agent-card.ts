import type { Express } from 'express';
import { Capability } from '../contracts/agent.ts';
import { addRoute } from './route.ts';

/** One of baton's own endpoints that speaks A2A. */
export type CardInterface = Readonly<{
  url: string;
  protocolBinding: 'JSONRPC' | 'HTTP+JSON';
  protocolVersion: '1.0';
}>;

export type CardSource = Readonly<{
  /** Where others reach baton. */
  url: string;
  version: string;
  /** None as long as baton takes no A2A calls: a card that names one that is not there would be a lie. */
  interfaces?: readonly CardInterface[];
}>;

/** Readers may keep the card for an hour, and then ask by its ETag whether it has changed. */
const CACHE = 'public, max-age=3600';

/** Who baton is, to whoever speaks A2A: the card of A2A 1.0 at its well-known address. */
export function addAgentCardRoute(app: Express, source: CardSource): void {
  const card = toAgentCard(source);
  addRoute(app, '/.well-known/agent-card.json', {
    get: (_request, response) => void response.set('Cache-Control', CACHE).json(card),
  });
}

/** One skill for the whole of it, and one per capability. */
export function toAgentCard({ url, version, interfaces = [] }: CardSource) {
  return {
    name: 'baton',
    description: 'Splits a query into tasks, finds an agent for each, runs them in order, and answers with one text.',
    version,
    provider: { organization: 'baton', url },
    supportedInterfaces: interfaces,
    capabilities: { streaming: interfaces.length > 0, pushNotifications: false, extendedAgentCard: false },
    defaultInputModes: ['text/plain', 'application/json'],
    defaultOutputModes: ['text/plain'],
    skills: [orchestrate, ...Capability.options.map(skillOf)],
  };
}

const orchestrate = {
  id: 'orchestrate',
  name: 'Orchestrate',
  description: 'Plans a query as a graph of tasks, has agents do them, and merges what they give into one answer.',
  tags: ['orchestration', 'planning', 'multi-agent'],
};

const descriptions: Readonly<Record<Capability, string>> = {
  text_generation: 'Writes text, by the best agent for it.',
  code_generation: 'Writes code, by the best agent for it.',
  data_analysis: 'Analyses data, by the best agent for it.',
  summarization: 'Sums up texts, by the best agent for it.',
  translation: 'Translates, by the best agent for it.',
  search: 'Looks things up, by the best agent for it.',
  custom: 'Whatever else the registered agents can do.',
};

function skillOf(capability: Capability) {
  const words = capability.split('_');
  const name = words.join(' ');
  return { id: capability, name, description: descriptions[capability], tags: words };
}

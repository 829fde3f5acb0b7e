// The seed's six agents as real HTTP servers. Three ask the model, three do their work themselves.
import { type AgentDefinition, type ServedAgent, type ServeOptions, serveAgent } from '../agents/agent.ts';
import type { Model } from '../llm/model.ts';
import { analystAgent } from './analyst.ts';
import { coderAgent } from './coder.ts';
import { lookupAgent } from './lookup.ts';
import { summarizerAgent } from './summarizer.ts';
import { translatorAgent } from './translator.ts';
import { writerAgent } from './writer.ts';

/** What the demo agents work with. */
export type DemoOptions = {
  /** Asked by the writer, the coder and the translator. */
  readonly model: Model;
  /** The baton API to register with; null for none. */
  readonly batonUrl: string | null;
  /** Listen address; 127.0.0.1 by default. On all addresses they are registered by this machine's name. */
  readonly host?: string;
  readonly log: NonNullable<ServeOptions['log']>;
};

/** The six agents that serve; `close` takes them out of the registry and frees their ports. */
export type DemoAgents = {
  readonly agents: readonly { readonly id: string; readonly url: string }[];
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
};

/** The seed's six agents, in its order. */
export function demoAgents(model: Model): readonly AgentDefinition[] {
  return [
    writerAgent(model),
    coderAgent(model),
    lookupAgent(),
    summarizerAgent(),
    translatorAgent(model),
    analystAgent(),
  ];
}

/** Serves all six on free ports. When one cannot start, those that did are closed before this throws. */
export async function openDemoAgents({ model, ...options }: DemoOptions): Promise<DemoAgents> {
  const starts = await Promise.allSettled(
    demoAgents(model).map((agent) => serveAgent(agent, { ...options, signals: false })),
  );
  const served = starts.flatMap((start) => (start.status === 'fulfilled' ? [start.value] : []));
  const close = () => closeAll(served);
  const failed = starts.find((start) => start.status === 'rejected');
  if (failed !== undefined) {
    await close();
    throw failed.reason;
  }
  const agents = served.map(({ descriptor, url }) => ({ id: descriptor.agent_id, url }));
  return { agents, close, [Symbol.asyncDispose]: close };
}

async function closeAll(served: readonly ServedAgent[]): Promise<void> {
  await Promise.all(served.map((agent) => agent.close()));
}

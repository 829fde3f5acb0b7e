import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AgentCard, Role, TaskState, type TaskStatus } from '@a2a-js/sdk';
import {
  AgentEvent,
  DefaultRequestHandler,
  type ExecutionEventBus,
  InMemoryTaskStore,
  type RequestContext,
} from '@a2a-js/sdk/server';
import { agentCardHandler, jsonRpcHandler, restHandler, UserBuilder } from '@a2a-js/sdk/server/express';
import express, { type Express } from 'express';
import { AgentDescriptor, type StreamingMode } from '../../src/contracts/agent.ts';
import type { A2aProtocol } from '../../src/contracts/agent-protocol.ts';

/** What a scripted A2A agent may say. */
export type A2aSay = Readonly<{
  /** The task as it stands, which must come first unless a bare message is the answer. */
  task(): void;
  status(state: TaskState, text?: string): void;
  artifact(text: string, piece?: Readonly<{ id?: string; append?: boolean; last?: boolean }>): void;
  message(text: string): void;
  /** Until the task is cancelled or the server closes. */
  hang(): Promise<void>;
}>;

export type A2aBehaviour = (say: A2aSay, context: RequestContext) => Promise<void> | void;

export type A2aAgentOptions = Readonly<{
  behave: A2aBehaviour;
  binding?: A2aProtocol['binding'];
  version?: A2aProtocol['version'];
  mode?: StreamingMode;
  card?: Partial<AgentCard>;
  /** Calls get the beginning of an answer and nothing more, which the SDK's server would not do. */
  stalls?: boolean;
}>;

/** A request as it came. */
export type A2aRequestSeen = Readonly<{
  method: string;
  path: string;
  headers: NodeJS.Dict<string | string[]>;
  body: unknown;
}>;

/** An agent behind the SDK's own server. */
export type A2aAgent = Readonly<{
  url: string;
  cardUrl: string;
  agent: AgentDescriptor;
  requests: readonly A2aRequestSeen[];
  /** Tasks that were cancelled. */
  cancelled: readonly string[];
  /** Settles when it was called, when a task was cancelled, and when its first caller has gone in either way. */
  reached: Promise<void>;
  cancelledOnce: Promise<void>;
  left: Promise<void>;
  /** Breaks all connections, and goes on serving. */
  cut(): void;
  [Symbol.asyncDispose](): Promise<void>;
}>;

export async function openA2aAgent(options: A2aAgentOptions): Promise<A2aAgent> {
  const { behave, binding = 'JSONRPC', version = '1.0', mode = 'dynamic_events', card = {}, stalls = false } = options;
  const reached = Promise.withResolvers<void>();
  const cancelledOnce = Promise.withResolvers<void>();
  const gone = Promise.withResolvers<void>();
  const closing = Promise.withResolvers<void>();
  const requests: A2aRequestSeen[] = [];
  const cancelled: string[] = [];
  const waiting = new Map<string, () => void>();

  const app = express();
  const server = createServer(app);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('expected a port');
  const url = `http://127.0.0.1:${address.port}`;
  const endpoint = `${url}${binding === 'JSONRPC' ? '/rpc' : '/rest'}`;
  const full = { ...cardOf({ endpoint, binding, version, streaming: mode !== 'static' }), ...card };

  const handler = new DefaultRequestHandler(full, new InMemoryTaskStore(), {
    execute: async (context, bus) => {
      reached.resolve();
      const hang = (): Promise<void> =>
        Promise.race([closing.promise, new Promise<void>((resolve) => waiting.set(context.taskId, resolve))]);
      await behave(sayOver(context, bus, hang), context);
      bus.finished();
    },
    cancelTask: async (taskId, bus) => {
      cancelled.push(taskId);
      cancelledOnce.resolve();
      waiting.get(taskId)?.();
      bus.finished();
    },
  });
  app.use((request, response, next) => {
    response.once('close', () => {
      if (!response.writableFinished) gone.resolve();
    });
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString();
      const { method, path, headers } = request;
      requests.push({ method, path, headers, body: text === '' ? null : JSON.parse(text) });
    });
    next();
  });
  if (stalls)
    app.use(['/rpc', '/rest'], (_request, response) => {
      reached.resolve();
      response.writeHead(200, { 'content-type': 'application/json' }).write('{');
    });
  serve(app, handler, version);

  return {
    url,
    cardUrl: `${url}/.well-known/agent-card.json`,
    agent: AgentDescriptor.parse({
      ...{ agent_id: 'probe', name: 'Probe', transport: 'a2a', endpoint, streaming_mode: mode },
      capabilities: ['custom'],
      a2a: { card_url: `${url}/.well-known/agent-card.json`, binding, version },
    }),
    requests,
    cancelled,
    reached: reached.promise,
    cancelledOnce: cancelledOnce.promise,
    left: Promise.race([cancelledOnce.promise, gone.promise]),
    cut: () => server.closeAllConnections(),
    [Symbol.asyncDispose]: async () => {
      closing.resolve();
      const done = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await done;
    },
  };
}

function serve(app: Express, requestHandler: DefaultRequestHandler, version: string): void {
  const legacyCompat = { enabled: version === '0.3' };
  const options = { requestHandler, userBuilder: UserBuilder.noAuthentication, legacyCompat };
  app.use('/.well-known/agent-card.json', agentCardHandler({ agentCardProvider: requestHandler, legacyCompat }));
  app.use('/rpc', jsonRpcHandler(options));
  app.use('/rest', restHandler(options));
}

type Served = Readonly<{ endpoint: string; binding: string; version: string; streaming: boolean }>;

function cardOf({ endpoint, binding, version, streaming }: Served): AgentCard {
  return {
    name: 'Travel desk',
    description: 'Books journeys.',
    version: '2.1.0',
    provider: undefined,
    supportedInterfaces: [{ url: endpoint, protocolBinding: binding, protocolVersion: version, tenant: '' }],
    capabilities: { streaming, pushNotifications: false, extendedAgentCard: false, extensions: [] },
    defaultInputModes: ['text/plain', 'application/json'],
    defaultOutputModes: ['text/plain'],
    skills: [
      {
        ...{ id: 'summarize-trips', name: 'Trip summaries', description: 'Sums up a journey.', tags: ['travel'] },
        ...{ examples: [], inputModes: [], outputModes: [], securityRequirements: [] },
      },
    ],
    ...{ securitySchemes: {}, securityRequirements: [], signatures: [] },
  };
}

function sayOver(context: RequestContext, bus: ExecutionEventBus, hang: () => Promise<void>): A2aSay {
  const { taskId, contextId } = context;
  const about = { taskId, contextId, metadata: undefined };
  const part = (text: string) => ({
    content: { $case: 'text', value: text } as const,
    ...{ metadata: undefined, filename: '', mediaType: 'text/plain' },
  });
  const messageOf = (text: string) => ({
    ...{ messageId: crypto.randomUUID(), role: Role.ROLE_AGENT, parts: [part(text)] },
    ...{ ...about, extensions: [], referenceTaskIds: [] },
  });
  const statusOf = (state: TaskState, text: string): TaskStatus => ({
    state,
    message: text === '' ? undefined : messageOf(text),
    timestamp: new Date().toISOString(),
  });
  return {
    task: () =>
      bus.publish(
        AgentEvent.task(
          context.task ?? {
            ...{ id: taskId, contextId, artifacts: [], history: [context.userMessage], metadata: undefined },
            status: statusOf(TaskState.TASK_STATE_SUBMITTED, ''),
          },
        ),
      ),
    status: (state, text = '') => bus.publish(AgentEvent.statusUpdate({ ...about, status: statusOf(state, text) })),
    artifact: (text, { id = 'answer', append = true, last = false } = {}) =>
      bus.publish(
        AgentEvent.artifactUpdate({
          ...about,
          ...{ append, lastChunk: last },
          artifact: {
            ...{ artifactId: id, name: '', description: '', parts: [part(text)] },
            ...{ metadata: undefined, extensions: [] },
          },
        }),
      ),
    message: (text) => bus.publish(AgentEvent.message(messageOf(text))),
    hang,
  };
}

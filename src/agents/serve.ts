import express, { type ErrorRequestHandler, type Express, type Request } from 'express';
import type { AgentDescriptor } from '../contracts/agent.ts';
import { BatonError, errorCatalogue, parseOr } from '../contracts/error.ts';
import { RunId } from '../contracts/ids.ts';
import { defaults, limits } from '../contracts/limits.ts';
import { AgentPayload, type AgentReply } from '../contracts/payload.ts';
import { openHttp } from '../outbound/http.ts';
import { accountOf, goneSignal, writeEvents } from './answer.ts';
import { type AgentDone, type AgentEvent, plainDone } from './call.ts';
import { openCollector } from './collect.ts';
import { type AgentDefinition, type AgentTask, toDescriptor } from './definition.ts';
import { closeServer, listen, onFirstSignal, urlOf } from './listen.ts';
import { readWithin } from './read-within.ts';
import { type Log, openRegistration } from './registration.ts';
import { runDefinition } from './run-definition.ts';

export type ServeOptions = Readonly<{
  /** 0, the default, is any free port. */
  port?: number;
  /** Listen address; 127.0.0.1 by default. */
  host?: string;
  /** The URL by which workers reach this agent; from host and port when absent. */
  url?: string;
  /** The baton API to register with; http://127.0.0.1:4000 by default, null for none. */
  batonUrl?: string | null;
  heartbeatMs?: number;
  /** Told of registration, outages and failures of the handler; standard error by default. */
  log?: Log;
  /** Stop on SIGINT and SIGTERM; true by default. */
  signals?: boolean;
}>;

/** An agent that serves. `close` leaves the registry, lets running calls end within defaults.drainMs, and frees the port. */
export type ServedAgent = Readonly<{
  url: string;
  descriptor: AgentDescriptor;
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}>;

/** Bytes of a request: a payload carries the texts of all dependencies, and this is sixteen of the longest. */
const BODY_BYTES = 16 * limits.outputChars;

/** Serves one agent over HTTP and keeps it registered with baton. Throws config_invalid for a faulty definition, URL or port. */
export async function serveAgent(definition: AgentDefinition, options: ServeOptions = {}): Promise<ServedAgent> {
  const { port = 0, host = '127.0.0.1', batonUrl = 'http://127.0.0.1:4000', log = print } = options;
  // Faults are named before a port is taken.
  toDescriptor(definition, { transport: 'http', endpoint: options.url ?? 'http://127.0.0.1' });
  const server = await listen(openApp(definition, log), port, host);
  const url = options.url ?? urlOf(server, host);
  const descriptor = toDescriptor(definition, { transport: 'http', endpoint: url });
  const http = openHttp();
  const heartbeatMs = options.heartbeatMs ?? defaults.heartbeatMs;
  const registration =
    batonUrl === null ? null : await openRegistration({ http, batonUrl, descriptor, heartbeatMs, log });

  const closeAll = async (): Promise<void> => {
    forget();
    await registration?.close();
    await closeServer(server, defaults.drainMs);
    await http.close();
  };
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing ??= closeAll();
    return closing;
  };
  const stop = (): void =>
    void close().catch((thrown: unknown) => log(`Agent "${definition.id}" did not stop cleanly.`, thrown));
  const forget = (options.signals ?? true) ? onFirstSignal(stop) : (): void => {};
  return { url, descriptor, close, [Symbol.asyncDispose]: close };
}

function print(message: string, error?: unknown): void {
  console.error(...(error === undefined ? [message] : [message, error]));
}

function openApp(agent: AgentDefinition, log: Log): Express {
  const app = express().disable('x-powered-by').disable('etag');
  const readJson = express.json({ limit: BODY_BYTES });
  app.get('/health', (_request, response) => void response.json({ status: 'ok', agent_id: agent.id }));
  app.post('/invoke', readJson, async (request, response) => {
    const task = taskOf(request);
    response.json(await replyOf(task, eventsOf(agent, task, { request, gone: goneSignal(response) })));
  });
  app.post('/stream', readJson, async (request, response) => {
    const task = taskOf(request);
    const gone = goneSignal(response);
    await writeEvents(response, eventsOf(agent, task, { request, gone }), gone);
  });
  app.use((request) => {
    throw new BatonError(
      'not_found',
      `There is no ${request.method} here; expected POST /invoke, POST /stream or GET /health.`,
    );
  });
  app.use(answerFailure(agent, log));
  return app;
}

function taskOf(request: Request): AgentTask {
  if (request.body === undefined) throw new BatonError('unsupported_media_type');
  return parseOr(AgentPayload, request.body, 'invalid_request');
}

type Asked = Readonly<{ request: Request; gone: AbortSignal }>;

/** The agent's own timeout_seconds bounds a call here too: a handler that hangs must not outlive a caller that was lost. */
function eventsOf(agent: AgentDefinition, task: AgentTask, { request, gone }: Asked): AsyncIterable<AgentEvent> {
  const totalMs = (agent.timeout_seconds ?? defaults.agentTimeoutSeconds) * 1_000;
  const within = { firstByteMs: totalMs, idleMs: totalMs, totalMs };
  const idempotencyKey = request.get('idempotency-key') ?? task.task_id;
  const runId = RunId.safeParse(idempotencyKey.split('.', 1)[0]).data;
  const attempt = Math.max(1, Number.parseInt(request.get('x-baton-attempt') ?? '1', 10) || 1);
  return readWithin({ limits: within, signal: gone, peer: `The agent "${agent.id}"` }, (signal) =>
    runDefinition(agent, task, { signal, attempt, idempotencyKey, ...(runId === undefined ? {} : { runId }) }),
  );
}

/** The JSON answer is the stream, folded. */
async function replyOf(task: AgentTask, events: AsyncIterable<AgentEvent>): Promise<AgentReply> {
  const collector = openCollector({ maxChars: limits.outputChars, maxTokens: task.max_tokens ?? null });
  let done: AgentDone = plainDone;
  for await (const event of events) {
    collector.add(event);
    if (event.type === 'done') done = event;
    if (collector.isFull()) break;
  }
  const { confidence, usage } = done;
  const truncated = done.truncated || collector.isFull();
  return { response: collector.text(), task_id: task.task_id, confidence, usage, truncated };
}

/** Problem details for the caller; the log for what is not the caller's fault. An answer that has begun was ended by its writer. */
function answerFailure(agent: AgentDefinition, log: Log): ErrorRequestHandler {
  return (thrown: unknown, request, response, _next) => {
    const error = toProblemError(thrown);
    const { status, text } = errorCatalogue[error.code];
    if (status >= 500) log(`Agent "${agent.id}" failed at ${request.path}: ${error.message}`, thrown);
    if (response.headersSent || response.destroyed) return;
    const problem = { type: 'about:blank', title: text, status, detail: error.message, code: error.code };
    response.status(status).type('application/problem+json').send(JSON.stringify(problem));
  };
}

function toProblemError(thrown: unknown): BatonError {
  if (thrown instanceof BatonError) return thrown;
  // What express.json throws names its kind in `type`.
  const kind = thrown instanceof Error && 'type' in thrown ? thrown.type : undefined;
  if (kind === 'entity.too.large') return new BatonError('body_too_large', undefined, { cause: thrown });
  if (kind === 'entity.parse.failed') return new BatonError('invalid_json', undefined, { cause: thrown });
  return new BatonError('agent_failed', accountOf(thrown), { cause: thrown });
}

import { createHash } from 'node:crypto';
import express, {
  type ErrorRequestHandler,
  type Express,
  type Request,
  type RequestHandler,
  type Response,
} from 'express';
import { BatonError, parseOr } from '../../contracts/error.ts';
import { RunId } from '../../contracts/ids.ts';
import { defaults, limits } from '../../contracts/limits.ts';
import { AgentPayload } from '../../contracts/payload.ts';
import type { WaitLimits } from '../../outbound/deadline.ts';
import type { AgentEvent } from '../call.ts';
import type { AgentDefinition, AgentTask, CallContext } from '../definition.ts';
import { readWithin } from '../read-within.ts';
import { runDefinition } from '../run-definition.ts';
import { goneSignal, type StreamFormat, streamFormats, toReply, writeEvents } from './answer.ts';
import type { Guard } from './authorize.ts';
import { parseJson, readJsonBody } from './body.ts';
import { sendProblem, statusOf, toAgentError } from './failure.ts';
import type { AgentHealth } from './health.ts';
import type { Memory } from './memory.ts';
import { openRunDoor } from './messages.ts';
import type { BatonAddress } from './messages-call.ts';
import type { PayloadCheck } from './payload-check.ts';
import type { Places } from './places.ts';
import type { Opening } from './recording.ts';
import type { Log } from './registration.ts';

/** What answering needs. */
export type ServeTools = Readonly<{
  agent: AgentDefinition;
  guard: Guard;
  places: Places;
  memory: Memory;
  health: AgentHealth;
  check: PayloadCheck;
  /** Where baton is; undefined for an agent that knows of none. */
  address: BatonAddress | undefined;
  requestTimeoutMs: number;
  log: Log;
}>;

/** Writes the answer to one call. */
type Answer = (
  call: Readonly<{ task: AgentTask; events: AsyncIterable<AgentEvent>; gone: AbortSignal }>,
) => Promise<void>;

/** Bytes of a request: a payload carries the texts of all dependencies, and this is sixteen of the longest. */
const BODY_BYTES = 16 * limits.outputChars;

/** How long one call may take here, in milliseconds: the agent's own timeout, since a handler must not outlive a caller that was lost. */
export function callLimitsOf(agent: AgentDefinition): WaitLimits {
  const totalMs = (agent.timeout_seconds ?? defaults.agentTimeoutSeconds) * 1_000;
  return { firstByteMs: totalMs, idleMs: totalMs, totalMs };
}

/** The routes of one agent: /health, /invoke and /stream, whichever way it is defined. */
export function openApp(tools: ServeTools): Express {
  const app = express().disable('x-powered-by').disable('etag');
  app.route('/health').get(async (_request, response) => {
    const report = await tools.health.report();
    const serves = report.status === 'ok' || report.status === 'busy';
    response.status(serves ? 200 : 503).json(report);
  });
  app.route('/health').all(refuseMethod('GET, HEAD'));
  app.route('/invoke').post(
    answerCall(tools, (_request, response) => async ({ task, events }) => {
      response.json(await toReply(task, events));
    }),
  );
  app.route('/stream').post(answerCall(tools, (request, response) => writer(tools, chooseFormat(request), response)));
  for (const path of ['/invoke', '/stream']) app.route(path).all(refuseMethod('POST'));
  app.use(() => {
    throw new BatonError('not_found', 'There is nothing here; expected POST /invoke, POST /stream or GET /health.');
  });
  app.use(answerFailure(tools));
  return app;
}

function refuseMethod(allow: string): RequestHandler {
  return (request, response) => {
    response.set('allow', allow);
    throw new BatonError('method_not_allowed', `${request.path} takes ${allow}, not ${request.method}.`);
  };
}

function chooseFormat(request: Request): StreamFormat {
  const types = [...streamFormats.keys()];
  const format = streamFormats.get(request.accepts(types) || '');
  if (format !== undefined) return format;
  throw new BatonError('not_acceptable', `This can be sent only as ${types.join(' or ')}: change the Accept header.`);
}

function writer({ agent }: ServeTools, format: StreamFormat, response: Response): Answer {
  const stalledMs = Math.min(defaults.agentIdleMs, callLimitsOf(agent).totalMs);
  return ({ events, gone }) => writeEvents(response, events, { format, gone, stalledMs });
}

/** What every call goes through, the cheapest refusal first: who asks, how much there is to do, the body, the handler. */
function answerCall(tools: ServeTools, answerOf: (request: Request, response: Response) => Answer): RequestHandler {
  const { agent, guard, places, memory, check, address } = tools;
  const bodyLimits = { maxBytes: BODY_BYTES, timeoutMs: tools.requestTimeoutMs };
  return async (request, response) => {
    await guard(request);
    const answer = answerOf(request, response);
    response.once('close', places.enter());
    const gone = goneSignal(response);
    const body = await readJsonBody(request, bodyLimits);
    const task = parseOr(AgentPayload, parseJson(body), 'invalid_request');
    check(task);
    const key = request.get('idempotency-key') ?? null;
    const open = opener({ agent, places, address, task, context: contextOf(request, task) });
    const hearing = await memory.hear({ key, digest: createHash('sha256').update(body).digest('hex'), open, gone });
    try {
      await answer({ task, events: hearing.events, gone });
    } finally {
      hearing.leave();
    }
  };
}

function contextOf(request: Request, task: AgentTask): Omit<CallContext, 'signal'> {
  const idempotencyKey = request.get('idempotency-key') ?? task.task_id;
  const runId = RunId.safeParse(idempotencyKey.split('.', 1)[0]).data;
  const attempt = Math.max(1, Number.parseInt(request.get('x-baton-attempt') ?? '1', 10) || 1);
  const traceparent = request.get('traceparent');
  return {
    attempt,
    idempotencyKey,
    ...(runId === undefined ? {} : { runId }),
    ...(traceparent === undefined ? {} : { traceparent }),
  };
}

type Started = Pick<ServeTools, 'agent' | 'places' | 'address'> &
  Readonly<{ task: AgentTask; context: Omit<CallContext, 'signal'> }>;

/** Runs the handler in a place of its own, until it is done or nobody listens. */
function opener({ agent, places, address, task, context }: Started): Opening {
  return async (unheard) => {
    const free = await places.take(unheard);
    unheard.addEventListener('abort', free, { once: true });
    if (unheard.aborted) free();
    const options = { limits: callLimitsOf(agent), signal: unheard, peer: `The agent "${agent.id}"` };
    const { runId } = context;
    return readWithin(options, (signal) => {
      const door = openRunDoor({ address, agent: agent.id, runId, taskId: task.task_id, signal });
      return runDefinition(agent, task, { ...context, signal, ...door });
    });
  };
}

/** Problem details for the caller; the log for what is not the caller's fault. An answer that has begun was ended by its writer. */
function answerFailure({ agent, log }: ServeTools): ErrorRequestHandler {
  return (thrown: unknown, request, response, _next) => {
    const error = toAgentError(thrown);
    if (isBreakage(error)) log(`Agent "${agent.id}" failed at ${request.path}: ${error.message}`, thrown);
    sendProblem(response, error, request.path);
  };
}

function isBreakage(error: BatonError): boolean {
  return statusOf(error) >= 500 && error.code !== 'draining';
}

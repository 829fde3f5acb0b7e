import type { Express, Request, Response } from 'express';
import { z } from 'zod';
import { BatonError, parseOr } from '../contracts/error.ts';
import { AgentId, EventId } from '../contracts/ids.ts';
import { defaults } from '../contracts/limits.ts';
import { type Message, type MessageAccepted, MessageDraft, messageLimits } from '../contracts/message.ts';
import { checkAgent, type Sent, sendMessage } from '../orchestrator/messages.ts';
import { awaitAnswer, readInbox } from '../orchestrator/messages-wait.ts';
import { parseBody, readJson } from './json-body.ts';
import { waitSecondsOf } from './request-headers.ts';
import { addRoute, type Handler } from './route.ts';
import { runIdOf } from './run-id.ts';
import type { Door } from './tools.ts';
import { openWait } from './wait.ts';

/** Query of GET /v1/runs/{id}/messages/{agent}. */
const Look = z.object({
  after: EventId.default('0-0'),
  /** Seconds to wait for a first message. */
  wait: z.coerce.number().min(0).max(defaults.preferWaitMaxSeconds).default(0),
  limit: z.coerce.number().int().min(1).max(messageLimits.page).default(messageLimits.page),
});

/** What the agents of a run say to each other: sent with correlation ids, read from an inbox per agent, waited for by long polls. */
export function addMessageRoutes(app: Express, door: Door): void {
  addRoute(app, '/v1/runs/:id/messages', { post: [...readJson, send(door)] });
  addRoute(app, '/v1/runs/:id/messages/:agent', { get: read(door) });
}

function send(door: Door): Handler {
  return async (request, response) => {
    const seconds = waitSecondsOf(request.get('Prefer'));
    const draft = parseBody(MessageDraft, request.body);
    const waits = seconds > 0 && draft.type !== 'response';
    // Whoever waits here waits no longer than here, unless it says so.
    const timing = waits ? { waits: true, timeout_ms: draft.timeout_ms ?? seconds * 1_000 } : {};
    const sent = await sendMessage(door.flow.store, runIdOf(request), { ...draft, ...timing });
    const answer = waits ? await answerIn(door, { request, response }, { sent, waitMs: seconds * 1_000 }) : undefined;
    if (answer !== undefined) {
      response.set('Preference-Applied', `wait=${seconds}`).json(answer);
      return;
    }
    const { message_id, position, correlation_id, hop, answerBy } = sent;
    const answer_by = answerBy === null ? null : new Date(answerBy).toISOString();
    response.status(202).json({ message_id, position, correlation_id, hop, answer_by } satisfies MessageAccepted);
  };
}

type Exchange = { readonly request: Request; readonly response: Response };

/** The answer; undefined when it may still come, to whoever asks again with the same message id. Throws message_timeout, run_ended. */
async function answerIn(
  door: Door,
  { request, response }: Exchange,
  { sent, waitMs }: { readonly sent: Sent; readonly waitMs: number },
): Promise<Message | undefined> {
  const wait = openWait({ response, draining: door.draining, timeoutMs: Math.min(waitMs, sent.leftMs) });
  const tools = { store: door.flow.store, reader: door.reader };
  try {
    const { message_id } = sent;
    const answer = await awaitAnswer(tools, { run: runIdOf(request), message_id, signal: wait.signal });
    if (answer === undefined && wait.ended() === 'late' && sent.leftMs <= waitMs)
      throw new BatonError('message_timeout');
    return answer;
  } finally {
    wait.close();
  }
}

function read(door: Door): Handler {
  return async (request, response) => {
    const run = runIdOf(request);
    const agent = parseOr(AgentId, request.params.agent, 'agent_not_found');
    const { after, wait: seconds, limit: most } = parseOr(Look, request.query, 'invalid_request');
    await checkAgent(door.flow.store, run, { field: 'agent', agent });
    const wait = openWait({ response, draining: door.draining, timeoutMs: seconds * 1_000 });
    try {
      const signal = seconds === 0 ? undefined : wait.signal;
      const tools = { store: door.flow.store, reader: door.reader };
      response.json(await readInbox(tools, { run, agent, after, most, signal }));
    } finally {
      wait.close();
    }
  };
}

import { z } from 'zod';
import { BatonError, parseOr } from '../contracts/error.ts';
import { limits } from '../contracts/limits.ts';
import { AgentAsk } from '../contracts/question.ts';
import { Usage } from '../contracts/result.ts';
import type { AgentEvent } from './call.ts';
import { toAsk, toQuestion } from './question.ts';

// The wire form of an agent's stream: the seed's `data:` lines, mended. One frame is the data of one SSE event, or one line of NDJSON.

/** What a frame without a `type` is: a token in dynamic_events, a message in dynamic_messages. */
export type PlainFrame = 'token' | 'message';

export type FrameContext = Readonly<{
  plain: PlainFrame;
  taskId: string;
  peer: string;
  /** What data is that is no JSON object; text when absent. */
  bare?: 'text' | 'refused';
}>;

const text = z.string().nullish();

/** A JSON frame: the fields that are read, for every type together. Others are the agent's own and left alone. */
const Frame = z.object({
  type: text,
  task_id: text,
  token: text,
  content: text,
  message: z.unknown().optional(),
  status: z.unknown().optional(),
  error: z.unknown().optional(),
  confidence: z.number().min(0).max(1).nullish(),
  usage: Usage.nullish(),
  truncated: z.boolean().nullish(),
});
type Frame = z.infer<typeof Frame>;

/**
 * Reads one frame; null when it says nothing. Data that is not a JSON object (`42`, `true`, bare words) is text, kept
 * to the last space; `[DONE]` is an end mark. Throws agent_failed for an error frame, agent_protocol for what cannot be understood.
 */
export function parseFrame(data: string, context: FrameContext): AgentEvent | null {
  if (data.trim() === '[DONE]') return doneOf({});
  const json = parseObject(data);
  if (json === null && context.bare === 'refused') {
    throw new BatonError('agent_protocol', `${context.peer} sent a line that is no JSON object.`);
  }
  if (json === null) return spoken(context.plain, data);
  const frame = parseOr(Frame, json, 'agent_protocol');
  if (typeof frame.task_id === 'string' && frame.task_id !== context.taskId) {
    throw new BatonError('agent_protocol', `${context.peer} answered for another task than it was asked for.`);
  }
  if (frame.type === 'question') return toQuestion(parseOr(AgentAsk, json, 'agent_protocol'));
  return eventOf(frame, context);
}

function eventOf(frame: Frame, { plain, peer }: FrameContext): AgentEvent | null {
  const type = frame.type ?? plain;
  const said = frame.token ?? frame.content ?? null;
  switch (type) {
    case 'token':
    case 'message':
      if (said !== null) return spoken(type, said);
      throw new BatonError('agent_protocol', `${peer} sent a ${type} without a "token" or "content" text.`);
    case 'status':
      return spoken('status', said ?? firstText(frame.status, frame.message) ?? '');
    case 'done':
      return doneOf(frame);
    case 'error':
      throw toAgentFailure(firstText(frame.error, frame.message, said), peer);
    default:
      return passOver(said, type, peer);
  }
}

// Other types leave room for an agent's own news, but text under an unknown name must not vanish in silence.
function passOver(said: string | null, type: string, peer: string): null {
  if (said === null) return null;
  const expected = 'expected token, message, status, question, error or done';
  throw new BatonError('agent_protocol', `${peer} sent text as "${type.slice(0, 40)}": ${expected}.`);
}

function spoken(type: 'token' | 'message' | 'status', said: string): AgentEvent | null {
  return said === '' ? null : { type, text: said };
}

function doneOf({ confidence, usage, truncated }: Partial<Frame>): AgentEvent {
  return { type: 'done', confidence: confidence ?? null, usage: usage ?? null, truncated: truncated ?? false };
}

/** An agent's own account of its failure, clipped, as agent_failed. */
export function toAgentFailure(account: string | null, peer: string, cause?: unknown): BatonError {
  const detail = account === null ? 'an error without a text' : account.slice(0, limits.errorChars);
  return new BatonError('agent_failed', `${peer} reported: ${detail}`, { cause });
}

/** The first text among values an agent may have sent, also as `{message}` or `{detail}` inside one. */
export function firstText(...values: readonly unknown[]): string | null {
  for (const value of values) {
    if (typeof value === 'string' && value !== '') return value;
    if (typeof value !== 'object' || value === null) continue;
    const inner = firstText('message' in value ? value.message : null, 'detail' in value ? value.detail : null);
    if (inner !== null) return inner;
  }
  return null;
}

function parseObject(data: string): object | null {
  if (!data.trimStart().startsWith('{')) return null;
  try {
    const value: unknown = JSON.parse(data);
    return typeof value === 'object' ? value : null;
  } catch {
    return null; // Text that begins with a brace is text.
  }
}

/** The frame of an event, as serveAgent sends it: one line of JSON, so no text can end a line or forge an event. */
export function encodeFrame(event: AgentEvent): string {
  if (event.type === 'done') return JSON.stringify(event);
  if (event.type === 'question') return JSON.stringify({ type: 'question', ...toAsk(event) });
  return JSON.stringify(wireOf(event.type, event.text));
}

function wireOf(type: 'token' | 'message' | 'status', said: string): Readonly<Record<string, string>> {
  switch (type) {
    case 'token':
      return { type, token: said };
    case 'message':
      return { type, role: 'assistant', content: said };
    case 'status':
      return { type, content: said };
  }
}

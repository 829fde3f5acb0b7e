import type { AgentDescriptor } from '../contracts/agent.ts';
import { defaults, limits } from '../contracts/limits.ts';
import type { AgentPayload } from '../contracts/payload.ts';
import type { AgentAnswer, QuestionKind } from '../contracts/question.ts';
import type { Usage } from '../contracts/result.ts';
import type { HttpLimits } from '../outbound/http.ts';

/** One call of an agent for a task. `idempotencyKey` is the same for every attempt: `<run>.<task>`. */
export type AgentCall = Readonly<{
  runId: string;
  taskId: string;
  attempt: number;
  payload: AgentPayload;
  idempotencyKey: string;
  /** To what the agent asked in the call before this one; the payload has it too. */
  answer?: AgentAnswer | undefined;
}>;

/** The end of a good answer. `confidence` and `usage` are null when the agent did not say; `truncated` when it cut its own text. */
export type AgentDone = Readonly<{
  type: 'done';
  confidence: number | null;
  usage: Usage | null;
  truncated: boolean;
}>;

/** Text of the answer: a token of it, or a whole message. */
export type AgentSpeech = Readonly<{ type: 'token' | 'message'; text: string }>;

/** The end of a call whose agent has to ask a human first. It is called again with the answer and, as it was, with `resume`. */
export type AgentQuestion = Readonly<{
  type: 'question';
  kind: QuestionKind;
  text: string;
  resume: string;
  usage: Usage | null;
}>;

/**
 * What an agent says, whatever its transport. A good stream ends with exactly one `done` or one `question`; any other end is a thrown
 * BatonError.
 */
export type AgentEvent = AgentSpeech | Readonly<{ type: 'status'; text: string }> | AgentDone | AgentQuestion;

/** Milliseconds, bytes on the wire, and characters of one event. */
export type CallLimits = HttpLimits & Readonly<{ eventChars: number }>;

/**
 * The limits of one call of this agent. The total is its timeout_seconds; a stream may also not fall silent, while a
 * static answer comes all at once and has the whole time for it.
 */
export function limitsOf(agent: AgentDescriptor): CallLimits {
  const totalMs = agent.timeout_seconds * 1_000;
  const idleMs = agent.streaming_mode === 'static' ? totalMs : Math.min(defaults.agentIdleMs, totalMs);
  return {
    firstByteMs: idleMs,
    idleMs,
    totalMs,
    // A frame costs up to 16 bytes per character of its text: `data: {"type":"token","token":"a"}` is the worst usual case.
    maxBytes: 16 * limits.outputChars,
    // JSON writes some characters as two; the collector holds the exact bound.
    eventChars: 2 * limits.outputChars,
  };
}

/** Limits of a call whose agent may be silent for `idleMs` and no longer, whatever its own idle limit. */
export function idleLimits(idleMs: number): Pick<CallLimits, 'firstByteMs' | 'idleMs'> {
  return { firstByteMs: idleMs, idleMs };
}

/** How an agent is named at the beginning of a sentence that users may read. */
export function peerOf(agent: AgentDescriptor): string {
  return `The agent "${agent.agent_id}"`;
}

/** An answer's end when the agent says nothing of its quality. */
export const plainDone: AgentDone = { type: 'done', confidence: null, usage: null, truncated: false };

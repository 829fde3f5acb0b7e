import { z } from 'zod';
import { AgentId, EventId, TaskId } from './ids.ts';

/**
 * Bounds of what the agents of one run say to each other: characters of a message, messages of one chain (the seed's 20 iterations),
 * of one inbox, and of the run, bytes of all together, and messages in one page of an inbox.
 */
export const messageLimits = {
  contentChars: 32_000,
  hops: 20,
  inbox: 500,
  messages: 2_000,
  bytes: 8_000_000,
  page: 100,
  /** How long an answer may take at most, and unless the sender says otherwise (the seed's 30 s). */
  timeoutMs: 600_000,
  defaultTimeoutMs: 30_000,
} as const;

/** A message's id, its sender's own, unique within the run. Those with a ":" are baton's. */
const MessageId = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$/, 'expected 1 to 100 letters, digits, "_", "." or "-"');
const MessageRef = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.:-]{0,149}$/, 'expected the id of a message');

/** request: do something. question: say something that I need to know. response: what was asked for. */
export const MessageType = z.enum(['request', 'question', 'response']);
export type MessageType = z.infer<typeof MessageType>;

/** Body of POST /v1/runs/{id}/messages. */
export const MessageDraft = z
  .strictObject({
    /** Sent twice it is one message; baton makes one where it is missing. */
    message_id: MessageId.optional(),
    from: AgentId,
    to: AgentId,
    type: MessageType.default('request'),
    content: z.string().min(1).max(messageLimits.contentChars),
    /** The chain it belongs to: that of the message it replies to, or a new one. */
    correlation_id: MessageRef.optional(),
    in_reply_to: MessageRef.optional(),
    /** Milliseconds in which an answer must have come. */
    timeout_ms: z.int().min(100).max(messageLimits.timeoutMs).optional(),
    /** Whether its sender does nothing until the answer comes: such waits may not close a circle. A response waits for nothing. */
    waits: z.boolean().default(true),
    /** The task in whose name it is said, for the event. */
    task_id: TaskId.optional(),
  })
  .refine(({ type, in_reply_to }) => type !== 'response' || in_reply_to !== undefined, {
    path: ['in_reply_to'],
    error: 'a response needs the id of the message it answers',
  })
  .refine(({ from, to }) => from !== to, { path: ['to'], error: 'expected another agent than the sender' });
export type MessageDraft = z.infer<typeof MessageDraft>;

/** A message as it lies in an inbox. */
export const Message = z.object({
  message_id: z.string(),
  /** Its place in the inbox: what `after` takes. */
  position: EventId,
  from: z.string(),
  to: z.string(),
  type: MessageType,
  content: z.string(),
  correlation_id: z.string(),
  in_reply_to: z.string().nullable(),
  /** Its number within the chain, from 1. */
  hop: z.int(),
  /** Until when its sender waits for the answer; null when it does not. */
  answer_by: z.iso.datetime().nullable(),
  timestamp: z.iso.datetime(),
});
export type Message = z.infer<typeof Message>;

/** Answer of POST /v1/runs/{id}/messages: 202, the message lies in its recipient's inbox. */
export const MessageAccepted = Message.pick({
  message_id: true,
  position: true,
  correlation_id: true,
  hop: true,
  answer_by: true,
});
export type MessageAccepted = z.infer<typeof MessageAccepted>;

/** Answer of GET /v1/runs/{id}/messages/{agent}: `next` is the `after` of the next look; once `ended` nothing more comes. */
export const InboxPage = z.object({ messages: z.array(Message), next: EventId, ended: z.boolean() });
export type InboxPage = z.infer<typeof InboxPage>;

/** Why a message was not delivered. */
export const MessageRefusal = z.enum([
  'agent_not_found',
  'deadlock',
  'hop_limit',
  'loop_detected',
  'too_many_messages',
]);
export type MessageRefusal = z.infer<typeof MessageRefusal>;

/** What every event about a message tells; `content` is its first characters (limits.quoteChars). */
const told = {
  message_id: z.string(),
  from: z.string(),
  to: z.string(),
  type: MessageType,
  content: z.string(),
  in_reply_to: z.string().nullable(),
};

export const MessageSent = z.object({ ...told, correlation_id: z.string(), hop: z.int() });
export type MessageSent = z.infer<typeof MessageSent>;

/** `about`: of a deadlock the agents that would wait for each other, beginning with the sender; who is not there; else what was too much. */
export const MessageRefused = z.object({ ...told, code: MessageRefusal, about: z.string() });
export type MessageRefused = z.infer<typeof MessageRefused>;

import { z } from 'zod';
import { AgentDescriptor } from '../../contracts/agent.ts';
import { AgentPayload } from '../../contracts/payload.ts';
import { AgentAnswer, QuestionKind, Resume } from '../../contracts/question.ts';
import { Usage } from '../../contracts/result.ts';

/** What the process of an isolated call is told, once. */
export const IsolatedCall = z.object({
  /** Modules whose agents it may have to load. */
  modules: z.array(z.string()),
  agent: AgentDescriptor,
  call: z.object({
    runId: z.string(),
    taskId: z.string(),
    attempt: z.int(),
    payload: AgentPayload,
    idempotencyKey: z.string(),
    answer: AgentAnswer.optional(),
  }),
  limits: z.record(z.string(), z.number()),
});
export type IsolatedCall = z.infer<typeof IsolatedCall>;

const speech = z.object({ text: z.string() });

/** What it says: the agent's events as they come, or why the call failed, which is its last word. */
export const IsolatedWord = z.discriminatedUnion('type', [
  speech.extend({ type: z.literal('token') }),
  speech.extend({ type: z.literal('message') }),
  speech.extend({ type: z.literal('status') }),
  z.object({
    type: z.literal('done'),
    confidence: z.number().nullable(),
    usage: Usage.nullable(),
    truncated: z.boolean(),
  }),
  z.object({
    type: z.literal('question'),
    kind: QuestionKind,
    text: z.string(),
    resume: Resume,
    usage: Usage.nullable(),
  }),
  z.object({ type: z.literal('error'), code: z.string(), message: z.string(), retryAfterMs: z.number().optional() }),
]);
export type IsolatedWord = z.infer<typeof IsolatedWord>;

/** What it is told of each word but the last, when that was taken. */
export const WORD_TAKEN = 'taken';

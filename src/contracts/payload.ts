import { z } from 'zod';
import { AgentAnswer } from './question.ts';
import { TaskOutcome, Usage } from './result.ts';

/** What a task's agent is told of one dependency: a failed one is named, never an empty string (mission A4). */
export const DependencyContext = z.object({
  status: z.union([TaskOutcome, z.literal('missing')]),
  response: z.string().nullable(),
  error: z.string().nullable(),
});
export type DependencyContext = z.infer<typeof DependencyContext>;

/**
 * The JSON body an agent receives: the task's input_data, then baton's own fields, which win.
 * `context` maps a completed dependency's task id to its text (the seed's shape); `failed_context` names the others.
 */
export const AgentPayload = z.looseObject({
  task_id: z.string(),
  description: z.string(),
  context: z.record(z.string(), z.string()).default({}),
  failed_context: z.record(z.string(), z.string()).default({}),
  max_tokens: z.int().optional(),
  /** To what the agent asked in its last call for this task; a field of input_data that is called so is the task's own. */
  human_answer: AgentAnswer.optional().catch(undefined),
  /** Values of the run's shared state by name, null for one that is not there, when the task names some; else the task's own input. */
  state: z.unknown().optional(),
});
export type AgentPayload = z.infer<typeof AgentPayload>;

/** What baton itself puts into every payload; `input_data` cannot replace these, and an agent may rely on them. */
export const ownPayloadFields: ReadonlySet<string> = new Set([
  'task_id',
  'description',
  'context',
  'failed_context',
  'max_tokens',
]);

/** What an agent answers to POST /invoke: `response`, and what it knows of its quality. */
export const AgentReply = z.looseObject({
  response: z.string(),
  task_id: z.string().optional(),
  confidence: z.number().min(0).max(1).nullish(),
  usage: Usage.nullish(),
  /** The agent cut its own text. */
  truncated: z.boolean().optional(),
});
export type AgentReply = z.infer<typeof AgentReply>;

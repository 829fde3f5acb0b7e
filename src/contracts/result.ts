import { z } from 'zod';
import { StreamingMode } from './agent.ts';
import { limits } from './limits.ts';

/** Tokens as the model's server counted them; null when it did not say. */
export const Usage = z.object({
  prompt_tokens: z.int().min(0),
  completion_tokens: z.int().min(0),
  total_tokens: z.int().min(0),
});
export type Usage = z.infer<typeof Usage>;

/** How a task ended. */
export const TaskOutcome = z.enum(['completed', 'failed', 'skipped']);
export type TaskOutcome = z.infer<typeof TaskOutcome>;

/** A task's recorded outcome: the seed's WorkerResult without its events (the stream holds them), and baton's fields. */
export const TaskResult = z.object({
  task_id: z.string(),
  agent_id: z.string(),
  status: TaskOutcome,
  success: z.boolean(),
  response: z.string(),
  streaming_mode: StreamingMode.nullable(),
  error: z.object({ code: z.string(), message: z.string() }).nullable(),
  latency_ms: z.number(),
  /** Calls of agents that were made for this task, by number of its last epoch. */
  attempts: z.int(),
  /** 0 to 1 as the agent reported it; null when it did not. */
  confidence: z.number().min(0).max(1).nullable(),
  /** 0 to 1 by a reviewer's or a vote's word; absent when nobody judged it. */
  quality: z.number().min(0).max(1).optional(),
  /** What whoever reads the result should know of how it came about. */
  warning: z.string().max(limits.errorChars).optional(),
  /** It did not give what was asked for, and the plan's revision of this number makes up for it. */
  recovered_by: z.int().optional(),
  /** The plan's revision of this number has other tasks in its place: it never began. */
  superseded_by: z.int().optional(),
  usage: Usage.nullable(),
  /** US dollars by the agent's price; null when nothing is known of it. */
  cost: z.number().nullable().default(null),
  /** True when the agent's max_tokens cut the text. */
  truncated: z.boolean(),
});
export type TaskResult = z.infer<typeof TaskResult>;

type Unfinished = Pick<TaskResult, 'task_id' | 'agent_id' | 'attempts' | 'latency_ms'>;

/** The result of a task that has none to give, with the reason. Its id comes first: flow/join.lua writes such results for children. */
export function unfinishedTask(
  head: Unfinished,
  status: 'failed' | 'skipped',
  error: NonNullable<TaskResult['error']>,
): TaskResult {
  return {
    ...head,
    status,
    error,
    success: false,
    response: '',
    streaming_mode: null,
    confidence: null,
    usage: null,
    cost: null,
    truncated: false,
  };
}

/** What results hold, one after the other with a blank line between: the answer where no model merges them. */
export function joinedText(results: readonly TaskResult[]): string {
  const texts = results.filter((result) => result.status === 'completed').map((result) => result.response);
  return texts.join('\n\n').slice(0, limits.outputChars);
}

/** What the results hash holds: a result whose long text lies in a key of its own (`by_reference`). */
export const ResultEnvelope = TaskResult.extend({ by_reference: z.boolean() });
export type ResultEnvelope = z.infer<typeof ResultEnvelope>;

/** A completed result's text, kept for equal calls of the same agent: whose it was, and when it was given (ms since 1970). */
export const CachedResult = z.object({
  run: z.string(),
  task: z.string(),
  at: z.number(),
  response: z.string(),
  confidence: z.number().nullable(),
});
export type CachedResult = z.infer<typeof CachedResult>;

/** Adds counts; null only when nothing was counted. */
export function addUsage(usages: readonly (Usage | null | undefined)[]): Usage | null {
  const known = usages.filter((usage): usage is Usage => usage !== null && usage !== undefined);
  if (known.length === 0) return null;
  const sum = (field: keyof Usage): number => known.reduce((total, usage) => total + usage[field], 0);
  return {
    prompt_tokens: sum('prompt_tokens'),
    completion_tokens: sum('completion_tokens'),
    total_tokens: sum('total_tokens'),
  };
}

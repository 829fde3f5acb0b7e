import { z } from 'zod';
import { TaskStatus } from './run.ts';

const instant = z.iso.datetime();

/**
 * One call of an agent for a task, or a map task's reading of its list. `lost`: another attempt began although nobody had said how
 * this one ended, as after a worker's death. `asked`: its agent put a question to a human in place of an answer.
 */
export const TimelineAttempt = z.object({
  attempt: z.int(),
  agent_id: z.string().nullable(),
  worker: z.string().nullable(),
  started_at: instant,
  /** Its first token or message; a static answer comes whole. */
  first_token_at: instant.nullable(),
  ended_at: instant.nullable(),
  outcome: z.enum(['running', 'completed', 'failed', 'skipped', 'lost', 'asked']),
});
export type TimelineAttempt = z.infer<typeof TimelineAttempt>;

/** The seed's metrics of a branch. Null is not known, or not yet. */
export const TaskMetrics = z.object({
  /** From its first start to its end: pauses before retries, and for a map task its children, included. */
  duration_ms: z.number().nullable(),
  /** As its model's server counted them, both ways. */
  tokens: z.int().nullable(),
  /** Tokens written, by the time of the attempt that completed. */
  tokens_per_second: z.number().nullable(),
  /** Attempts that completed, as a share of those that have ended. */
  success_rate: z.number().min(0).max(1).nullable(),
  /** 0 to 1 as the agent reported it: what is known of quality. */
  confidence: z.number().min(0).max(1).nullable(),
});

export const TimelineTask = z.object({
  task_id: z.string(),
  kind: z.string(),
  /** The map task that added this one. */
  parent: z.string().nullable(),
  status: TaskStatus,
  /** When nothing stood before it any more: its last predecessor had settled, its join was released, the plan was ready. */
  queued_at: instant.nullable(),
  /** When its first attempt began, or a human was asked where no agent is called. */
  started_at: instant.nullable(),
  first_token_at: instant.nullable(),
  ended_at: instant.nullable(),
  attempts: z.array(TimelineAttempt),
  metrics: TaskMetrics,
});
export type TimelineTask = z.infer<typeof TimelineTask>;

/** GET /v1/runs/{id}/timeline: where a run's time went, by Redis's clock. Of a run that has not ended: up to its newest event. */
export const Timeline = z.object({
  run_id: z.string(),
  /** False when the beginning of the run's events was trimmed: what they told is missing here. */
  complete: z.boolean(),
  started_at: instant.nullable(),
  planned_at: instant.nullable(),
  /** The answer's. */
  first_token_at: instant.nullable(),
  ended_at: instant.nullable(),
  /** From the plan to the end of the last task: neither planning nor the answer's synthesis. */
  makespan_ms: z.number().nullable(),
  /** All tasks' durations together, children in place of their map tasks: what one at a time would have taken. */
  work_ms: z.number(),
  /** work_ms by makespan_ms. */
  parallel_speedup: z.number().nullable(),
  /** The chain of tasks that took longest, each waiting for the one before: a shorter run needs one of these to be shorter. */
  critical_path: z.array(z.object({ task_id: z.string(), duration_ms: z.number() })),
  /** In the plan's order, children behind their map task. */
  tasks: z.array(TimelineTask),
});
export type Timeline = z.infer<typeof Timeline>;

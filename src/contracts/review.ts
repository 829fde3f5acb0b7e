import { z } from 'zod';
import { AgentId, TaskId } from './ids.ts';
import { limits } from './limits.ts';

/** What a review task is: who reviews what, how often its authors may revise it, and what happens when that was not enough. */
export const ReviewSpec = z.strictObject({
  /** Pins the reviewer; by default any agent of the task's capability that wrote none of it. */
  reviewer: AgentId.optional(),
  /** What the work is measured by, in words. */
  criteria: z.string().max(limits.descriptionChars).default(''),
  /** A score below it is not accepted, whatever the verdict says. */
  min_score: z.number().min(0).max(1).default(0),
  /** Rounds of revision (the seed's three). */
  max_revisions: z.int().min(0).max(10).default(3),
  /** Which of the reviewed tasks may be revised; all of them by default. */
  revise: z.array(TaskId).max(limits.planTasks).optional(),
  /** After the last revision: a human decides, a stronger agent does the work, it is accepted with a warning, or the task fails. */
  escalate: z.enum(['interrupt', 'stronger', 'accept', 'fail']).default('accept'),
  /** With escalate "stronger" only. */
  stronger: AgentId.optional(),
});
export type ReviewSpec = z.infer<typeof ReviewSpec>;

/** A reviewer's verdict, as JSON in its answer (the seed's form, with a score and the single faults). */
export const ReviewVerdict = z.object({
  acceptable: z.boolean(),
  score: z.number().min(0).max(1).nullish(),
  feedback: z.string().max(limits.descriptionChars).default(''),
  /** Faults of single reviewed tasks: only these are revised then. */
  issues: z
    .array(z.object({ task: z.string().nullish(), text: z.string().max(limits.descriptionChars) }))
    .max(100)
    .default([]),
  /** Beyond mending: the task fails at once. */
  critical: z.boolean().default(false),
});
export type ReviewVerdict = z.infer<typeof ReviewVerdict>;

/** What a round of review came to (the seed's gate). */
export const ReviewOutcome = z.enum(['approved', 'needs_revision', 'critical_failure', 'unreadable', 'escalated']);
export type ReviewOutcome = z.infer<typeof ReviewOutcome>;

/** One round of a review, as review.scored tells it. */
export const ReviewScore = z.object({
  round: z.int(),
  outcome: ReviewOutcome,
  reviewer: z.string(),
  score: z.number().nullable(),
  feedback: z.string(),
  /** What the last revision changed, per task, as a unified diff; cut to limits.diffChars. */
  diffs: z.record(z.string(), z.string()),
  /** Why it was escalated; null when it was not. */
  reason: z.string().nullable(),
});
export type ReviewScore = z.infer<typeof ReviewScore>;

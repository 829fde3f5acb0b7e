import { z } from 'zod';
import { AgentId } from './ids.ts';

/** How several agents' answers become one: what most of them say, one text made from all, or what a judge chooses. */
export const ConsensusSpec = z.strictObject({
  /** Distinct agents that are asked (the seed's three). */
  agents: z.int().min(2).max(9).default(3),
  mode: z.enum(['majority', 'synthesis', 'judge']).default('majority'),
  /** Answers that decide as soon as they agree, and fewer than which decide nothing; more than half of the agents by default. */
  quorum: z.int().min(1).max(9).optional(),
  /** As many agents as could decide are asked first, the others only when these do not agree. False: all at once. */
  early_stop: z.boolean().default(true),
  /** Pins the agent that judges or writes the synthesis, and does not vote; by default any of the task's capability, no voter if there is another. */
  judge: AgentId.optional(),
});
export type ConsensusSpec = z.infer<typeof ConsensusSpec>;

/** A judge's choice, as JSON in its answer: the number of the best answer, from 1. */
export const JudgeChoice = z.object({ choice: z.int().min(1).max(9), reason: z.string().max(16_000).default('') });
export type JudgeChoice = z.infer<typeof JudgeChoice>;

/** One answer, as vote.cast tells it. */
export const VoteCast = z.object({
  voter: z.string(),
  task_id: z.string(),
  /** The first characters of the answer. */
  answer: z.string(),
  quality: z.number(),
  /** Whether it is in the winning camp; null while nothing is decided, or where no camps are counted. */
  agrees: z.boolean().nullable(),
});
export type VoteCast = z.infer<typeof VoteCast>;

/** What a vote came to, as vote.decided tells it. */
export const VoteDecided = z.object({
  by: z.enum(['majority', 'judge', 'synthesis']),
  /** Whose answer it is; all of them with a synthesis. */
  voters: z.array(z.string()),
  /** What the others had said, its first characters. */
  dissent: z.array(z.object({ voters: z.array(z.string()), answer: z.string() })),
  /** The judge's, its first characters. */
  reason: z.string().nullable(),
});
export type VoteDecided = z.infer<typeof VoteDecided>;

import { z } from 'zod';
import { AgentId } from './ids.ts';

/** Turns of one talk: the seed's 20 iterations of a conversation are the most. */
export const talkTurns = { given: 12, most: 20 } as const;

/**
 * A conversation of named agents, each turn a task of its own, until one says that it is done (mission D5). The task completes with the
 * last message, or with one text made from all.
 */
export const TalkSpec = z.strictObject({
  /** Who talks, by id; the name of a capability stands for the best agent that has it and is nobody else here. */
  agents: z
    .array(AgentId)
    .min(2)
    .max(9)
    .refine((agents) => new Set(agents).size === agents.length, 'expected each name once'),
  /** What the first speaker is told beside the task's description. */
  opening: z.string().min(1).max(8_000).optional(),
  /** A message that contains this text ends the talk, as {"done": true} always does. */
  until: z.string().min(1).max(200).optional(),
  max_turns: z.int().min(1).max(talkTurns.most).default(talkTurns.given),
  /** In the order of `agents`, or whoever the last speaker named by {"to": "name"}. */
  order: z.enum(['round_robin', 'addressed']).default('round_robin'),
  result: z.enum(['last', 'synthesis']).default('last'),
  /** With result "synthesis": pins the agent that writes it; by default any of the task's capability. */
  writer: AgentId.optional(),
});
export type TalkSpec = z.infer<typeof TalkSpec>;

/** What ended a talk. Only `done` is what it was meant to come to. */
export const TalkEnding = z.enum(['done', 'turn_limit', 'loop_detected', 'speaker_failed', 'budget', 'time']);
export type TalkEnding = z.infer<typeof TalkEnding>;

/** How a talk ended, as talk.ended tells it. */
export const TalkEnded = z.object({ ending: TalkEnding, reason: z.string(), turns: z.int() });
export type TalkEnded = z.infer<typeof TalkEnded>;

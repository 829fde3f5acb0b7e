import { z } from 'zod';
import { limits } from './limits.ts';
import { Usage } from './result.ts';

/** What an agent asks for: something to know, or that somebody authorizes it elsewhere. */
export const QuestionKind = z.enum(['input', 'auth']);
export type QuestionKind = z.infer<typeof QuestionKind>;

/** What an agent wants back together with the answer, so that it knows where it was: its own words, which nobody else reads. */
export const Resume = z.string().max(limits.resumeChars);

/** What an agent sends in place of an answer when it has to ask first: the reply to an invoke, or the last frame of a stream. */
export const AgentAsk = z.looseObject({
  question: z.string().min(1).max(limits.outputChars),
  kind: QuestionKind.default('input'),
  resume: Resume.default(''),
  task_id: z.string().optional(),
  usage: Usage.nullish(),
});
export type AgentAsk = z.infer<typeof AgentAsk>;

/** How the next call tells of it: an empty text is the word to go on without an answer. */
export const AgentAnswer = z.object({ text: z.string(), resume: Resume });
export type AgentAnswer = z.infer<typeof AgentAnswer>;

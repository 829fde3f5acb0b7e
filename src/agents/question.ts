import type { z } from 'zod';
import { parseOr } from '../contracts/error.ts';
import { AgentAsk } from '../contracts/question.ts';
import type { AgentQuestion } from './call.ts';

/**
 * What a handler returns, or yields as its last word, when it has to ask a human first. It is called again, for the same task, with
 * `human_answer: {text, resume}` among the task's fields.
 */
export type Ask = Readonly<Pick<z.input<typeof AgentAsk>, 'question' | 'kind' | 'resume' | 'usage'>>;

/** An agent that asks has no answer beside the question. */
export function isAsk(said: unknown): said is Ask {
  return typeof said === 'object' && said !== null && 'question' in said && !('response' in said);
}

/** What an agent asks, as an event. */
export function toQuestion({ question, kind, resume, usage = null }: AgentAsk): AgentQuestion {
  return { type: 'question', kind, text: question, resume, usage };
}

/** The same for what a handler said. Throws agent_protocol. */
export function parseQuestion(said: Ask): AgentQuestion {
  return toQuestion(parseOr(AgentAsk, said, 'agent_protocol'));
}

/** The same as the agent says it. */
export function toAsk({ kind, text, resume, usage }: AgentQuestion): AgentAsk {
  return { question: text, kind, resume, usage };
}

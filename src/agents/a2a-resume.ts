import { z } from 'zod';
import { BatonError, parseOr } from '../contracts/error.ts';
import { limits } from '../contracts/limits.ts';

/** Where a task of an A2A agent stands that has asked: what an answer has to name. Ids are the agent's own. */
export const A2aResume = z.object({
  task: z.string(),
  context: z.string(),
  /** Tells the question from the next one: the id of the message that asked, else when it did. */
  mark: z.string(),
  /** How many it has asked, this one included. */
  asked: z.int(),
});
export type A2aResume = z.infer<typeof A2aResume>;

/** As a question carries it. Throws agent_protocol for ids of an unreasonable length. */
export function encodeResume(resume: A2aResume, peer: string): string {
  const text = JSON.stringify(resume);
  if (text.length <= limits.resumeChars) return text;
  throw new BatonError('agent_protocol', `${peer} has ids of more than ${limits.resumeChars} characters.`);
}

/** Throws agent_protocol for what no A2A agent has asked with: it was another kind of agent then. */
export function parseResume(text: string, peer: string): A2aResume {
  try {
    return parseOr(A2aResume, JSON.parse(text), 'agent_protocol');
  } catch (cause) {
    throw new BatonError('agent_protocol', `${peer} cannot be told an answer: it had not asked over A2A.`, { cause });
  }
}

// Two agents that ask a human before they answer, as often as a task's input says.
import { z } from 'zod';
import { type AgentDefinition, type AgentTask, defineAgent } from '../../../src/agents/definition.ts';
import { AgentAnswer } from '../../../src/contracts/question.ts';

/** `asks` questions, of this `kind`; `failOnce`: the first call that brings an answer fails. */
const Script = z.looseObject({
  asks: z.number().default(1),
  kind: z.enum(['input', 'auth']).default('input'),
  failOnce: z.boolean().default(false),
  human_answer: AgentAnswer.optional(),
});

/** What they have heard, by the run and task: who was called, and with which answers so far. */
export const heard = new Map<string, { readonly agent: string; readonly answers: readonly string[] }[]>();

/** In every question, for tests that look where it must not be. */
export const PRIVATE = 'only-for-the-agent';

async function* act(agent: string, task: AgentTask, key: string) {
  const { asks, kind, failOnce, human_answer } = Script.parse(task);
  const before = z.array(z.string()).parse(JSON.parse(human_answer?.resume.replace(PRIVATE, '') || '[]'));
  const answers = human_answer === undefined ? before : [...before, human_answer.text];
  const calls = heard.get(key) ?? [];
  heard.set(key, [...calls, { agent, answers }]);
  if (failOnce && answers.length === 1 && calls.length === 1) throw new Error('just now not');
  yield `draft ${answers.length} `;
  if (answers.length < asks) {
    const usage = { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 };
    yield { question: `question ${answers.length + 1}?`, kind, resume: PRIVATE + JSON.stringify(answers), usage };
    return;
  }
  yield `with ${JSON.stringify(answers)}`;
}

const asking = (id: string): AgentDefinition =>
  defineAgent({
    id,
    capabilities: ['translation'],
    stream: (task, { idempotencyKey }) => act(id, task, idempotencyKey),
  });

/** Answers whatever it is given. */
const answering = defineAgent({
  id: 'answering',
  capabilities: ['custom'],
  invoke: ({ task_id }) => `${task_id} done`,
});

export const agents = [asking('asking-a'), asking('asking-b'), answering];

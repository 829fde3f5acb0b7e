import { BatonError, parseOr } from '../contracts/error.ts';
import { AgentReply } from '../contracts/payload.ts';
import { type AgentEvent, type AgentSpeech, plainDone } from './call.ts';
import type { AgentContext, AgentDefinition, AgentTask } from './definition.ts';
import { eventsOfReply } from './reply.ts';

/**
 * Runs a definition's handler as events. What the handler throws passes as it is; a value of another type than promised
 * is agent_protocol. No limits here: see read-within.ts.
 */
export async function* runDefinition(
  definition: AgentDefinition,
  task: AgentTask,
  context: AgentContext,
): AsyncGenerator<AgentEvent, void> {
  if (definition.stream !== undefined) yield* spoken('token', definition.stream(task, context));
  else if (definition.messages !== undefined) yield* spoken('message', definition.messages(task, context));
  else if (definition.invoke !== undefined) yield* eventsOfReply(toReply(await definition.invoke(task, context)));
  else yield* eventsOfReply({ response: definition.reply });
}

async function* spoken(type: AgentSpeech['type'], texts: AsyncIterable<string>): AsyncGenerator<AgentEvent, void> {
  for await (const text of texts) {
    if (typeof text !== 'string') {
      throw new BatonError('agent_protocol', `The agent's handler yielded ${typeof text}; expected a string.`);
    }
    if (text !== '') yield { type, text };
  }
  yield plainDone;
}

function toReply(answer: string | AgentReply): AgentReply {
  return typeof answer === 'string' ? { response: answer } : parseOr(AgentReply, answer, 'agent_protocol');
}

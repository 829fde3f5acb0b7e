import { BatonError, parseOr } from '../contracts/error.ts';
import { AgentReply } from '../contracts/payload.ts';
import { type AgentEvent, type AgentSpeech, plainDone } from './call.ts';
import type { AgentContext, AgentDefinition, AgentTask } from './definition.ts';
import { type Ask, isAsk, parseQuestion } from './question.ts';
import { eventsOfReply } from './reply.ts';
import { checkedAnswer, checkedTask } from './schemas.ts';

/**
 * Runs a definition's handler as events. What the handler throws passes as it is; a value of another type than promised
 * is agent_protocol, input that is not the agent's invalid_request. No limits here: see read-within.ts.
 */
export async function* runDefinition(
  definition: AgentDefinition,
  given: AgentTask,
  context: AgentContext,
): AsyncGenerator<AgentEvent, void> {
  const task = checkedTask(definition, given);
  if (definition.stream !== undefined) yield* spoken('token', definition.stream(task, context));
  else if (definition.messages !== undefined) yield* spoken('message', definition.messages(task, context));
  else if (definition.invoke !== undefined) {
    yield* eventsOfAnswer(checkedAnswer(definition, await definition.invoke(task, context)), task);
  } else yield* eventsOfReply({ response: definition.reply });
}

async function* spoken(
  type: AgentSpeech['type'],
  texts: AsyncIterable<string | Ask>,
): AsyncGenerator<AgentEvent, void> {
  for await (const text of texts) {
    if (isAsk(text)) {
      yield parseQuestion(text);
      return;
    }
    if (typeof text !== 'string') {
      throw new BatonError('agent_protocol', `The agent's handler yielded ${typeof text}; expected a string.`);
    }
    if (text !== '') yield { type, text };
  }
  yield plainDone;
}

function eventsOfAnswer(answer: string | AgentReply | Ask, task: AgentTask): readonly AgentEvent[] {
  return isAsk(answer) ? [parseQuestion(answer)] : eventsOfReply(toReply(answer, task));
}

function toReply(answer: string | AgentReply, task: AgentTask): AgentReply {
  if (typeof answer === 'string') return { response: answer };
  const reply = parseOr(AgentReply, answer, 'agent_protocol');
  if (reply.task_id === undefined || reply.task_id === task.task_id) return reply;
  throw new BatonError('agent_protocol', "The agent's handler answered for another task than it was asked for.");
}

import { messageLimits } from '../../contracts/message.ts';
import { deliverMessage, markOf } from '../../journal/send-message.ts';
import type { Standing } from './pattern.ts';
import type { Talk } from './talk-state.ts';

/**
 * Puts the last turn of a talk into the inbox of whoever speaks next, or, after the last one, of another speaker. Each turn is one message
 * however often it is told. One that is refused, for the inbox is full say, changes nothing: the talk itself is in its tasks.
 */
export async function tellTurn(
  { work }: Standing,
  { spec, turns, said }: Talk,
  next: string | undefined,
): Promise<void> {
  const last = said.at(-1);
  if (last === undefined || turns.at(-1)?.kind !== 'said' || last.message === '') return;
  const { run_id: run, task } = work.data;
  const hearer = next ?? said.at(-2)?.speaker ?? spec.agents.find((name) => name !== last.speaker) ?? '';
  const to = said.findLast(({ speaker }) => speaker === hearer)?.agent ?? hearer;
  const content = last.message.slice(0, messageLimits.contentChars).toWellFormed();
  const type = next === undefined ? 'response' : 'request';
  await deliverMessage(work.tools.flow.store, {
    ...{ run, waitMs: 0, mark: markOf([last.agent, to, content]) },
    message: {
      ...{ message_id: `talk:${last.task}`, correlation_id: `talk:${task.task_id}`, task_id: task.task_id },
      ...{ from: last.agent, to, type, content },
    },
  });
}

import type { AgentEvent } from '../agents/call.ts';
import { openCollector } from '../agents/collect.ts';
import type { AgentDescriptor } from '../contracts/agent.ts';
import { limits } from '../contracts/limits.ts';
import type { Publisher } from '../streams/publisher.ts';
import { isSaidWithResult } from './task-events.ts';
import type { Delivery } from './task-result.ts';

export type CallInput = {
  readonly agent: AgentDescriptor;
  /** The agent's events as they come; leaving it early closes its connection. */
  readonly events: AsyncIterable<AgentEvent>;
  readonly publisher: Publisher;
};

/** Publishes what an agent says as it comes and folds it into what it delivered, or what it asks. Throws what ended the stream badly. */
export async function deliver({ agent, events, publisher }: CallInput): Promise<Delivery> {
  const collector = openCollector({ maxChars: limits.outputChars, maxTokens: agent.max_tokens });
  let end = { confidence: null, usage: null, truncated: false } as Omit<Delivery, 'response'>; // widens the nulls
  for await (const event of events) {
    if (event.type === 'done') end = { confidence: event.confidence, usage: event.usage, truncated: event.truncated };
    if (event.type === 'question') {
      await publisher.flush();
      return { ...end, response: '', usage: event.usage, question: event };
    }
    const shown = collector.add(event);
    if (shown !== null && shown.type !== 'done' && shown.type !== 'question' && !isSaidLater(agent, shown))
      await publisher.publish(toDraft(shown));
    if (collector.isFull()) break;
  }
  await publisher.flush();
  return { ...end, response: collector.text(), truncated: end.truncated || collector.isFull() };
}

function isSaidLater(agent: AgentDescriptor, { type, text }: AgentEvent & { readonly text: string }): boolean {
  return type === 'message' && isSaidWithResult(agent.streaming_mode, text);
}

function toDraft({ type, text }: Exclude<AgentEvent, { type: 'done' | 'question' }>) {
  return { name: `task.${type}`, data: text, detail: {} } as const;
}

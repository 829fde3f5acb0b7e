import type { EventDraft } from '../contracts/event.ts';
import { limits } from '../contracts/limits.ts';
import type { TaskResult } from '../contracts/result.ts';
import { resultEvent } from '../contracts/result-event.ts';

/**
 * Whether a text is said together with its result: a static answer comes when it is complete, so nobody hears it later for that,
 * and the task costs one round trip less. Long ones go by the publisher, which bounds the stream's bytes.
 */
export function isSaidWithResult(mode: TaskResult['streaming_mode'], text: string): boolean {
  return mode === 'static' && text !== '' && text.length <= limits.inlineResultChars;
}

/** What a settled result is announced with, in order. */
export function resultEvents(result: TaskResult): readonly EventDraft[] {
  const ending = resultEvent(result);
  if (!isSaidWithResult(result.streaming_mode, result.response)) return [ending];
  const head = { task_id: result.task_id, agent_id: result.agent_id, attempt: result.attempts };
  return [{ ...head, name: 'task.message', data: result.response, detail: {} }, ending];
}

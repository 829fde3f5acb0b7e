import type { EventDraft } from '../contracts/event.ts';
import { limits } from '../contracts/limits.ts';
import type { TaskResult } from '../contracts/result.ts';

/**
 * Whether a text is said together with its result: a static answer comes when it is complete, so nobody hears it later for that,
 * and the task costs one round trip less. Long ones go by the publisher, which bounds the stream's bytes.
 */
export function isSaidWithResult(mode: TaskResult['streaming_mode'], text: string): boolean {
  return mode === 'static' && text !== '' && text.length <= limits.inlineResultChars;
}

/** What a settled result is announced with, in order. */
export function resultEvents(result: TaskResult): readonly EventDraft[] {
  const head = { task_id: result.task_id, agent_id: result.agent_id, attempt: result.attempts };
  const ending = endingOf(result, head);
  if (!isSaidWithResult(result.streaming_mode, result.response)) return [ending];
  return [{ ...head, name: 'task.message', data: result.response, detail: {} }, ending];
}

function endingOf(result: TaskResult, head: Pick<EventDraft, 'task_id' | 'agent_id' | 'attempt'>): EventDraft {
  const error = result.error ?? { code: 'internal', message: 'no reason recorded' };
  switch (result.status) {
    case 'completed':
      return { ...head, name: 'task.completed', data: '', detail: completion(result) };
    case 'failed':
      return { ...head, name: 'task.failed', data: error.message, detail: { error } };
    case 'skipped':
      return { ...head, name: 'task.skipped', data: `Skipped: ${error.message}`, detail: { reason: error } };
    default:
      return result.status satisfies never;
  }
}

function completion({ status, latency_ms, confidence, usage, truncated }: TaskResult) {
  return { status, latency_ms, confidence, usage, truncated };
}

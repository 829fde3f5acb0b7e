import type { EventDraft } from './event.ts';
import type { TaskResult } from './result.ts';

/** The event that a result is announced with. */
export function resultEvent(result: TaskResult): EventDraft {
  const head = { task_id: result.task_id, agent_id: result.agent_id, attempt: result.attempts };
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

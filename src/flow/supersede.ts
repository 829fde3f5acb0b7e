import { BatonError } from '../contracts/error.ts';
import { ORCHESTRATOR } from '../contracts/ids.ts';
import { type TaskResult, unfinishedTask } from '../contracts/result.ts';
import { resultEvent } from '../contracts/result-event.ts';
import { toEnvelope } from '../journal/result-codec.ts';

/** The result of a task in whose place a revision of the plan has others. */
function supersededResult(task: string, revision: number): TaskResult {
  const error = new BatonError('superseded').toRecord();
  const head = { task_id: task, agent_id: ORCHESTRATOR, attempts: 0, latency_ms: 0 };
  return { ...unfinishedTask(head, 'skipped', error), superseded_by: revision };
}

/** What extend.lua is given of it: the task, its envelope, and data and detail of task.skipped. */
export function supersededArgs(task: string, revision: number): readonly string[] {
  const result = supersededResult(task, revision);
  const { data, detail } = resultEvent(result);
  return [task, JSON.stringify(toEnvelope(result).envelope), data, JSON.stringify(detail)];
}

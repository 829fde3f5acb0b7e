import { limits } from '../contracts/limits.ts';
import type { Plan } from '../contracts/plan.ts';
import type { TaskResult } from '../contracts/result.ts';
import type { LoggedStep } from '../contracts/task-log.ts';

/** What has been done so far, step by step (the seed's task log); empty unless the plan is a sequence. */
export function taskLogOf(plan: Plan | null, results: ReadonlyMap<string, TaskResult>): LoggedStep[] {
  if (plan?.strategy?.used !== 'sequence') return [];
  return plan.sub_tasks.flatMap(({ task_id, description }, at) => {
    const result = results.get(task_id);
    if (result === undefined) return [];
    const { agent_id, status, latency_ms, response, error } = result;
    const text = status === 'completed' ? response : (error?.message ?? '');
    return [
      { step: at + 1, task_id, description, agent_id, status, latency_ms, result: text.slice(0, limits.quoteChars) },
    ];
  });
}

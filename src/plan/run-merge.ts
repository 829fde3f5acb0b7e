import type { MergeView } from '../contracts/merge.ts';
import type { Plan } from '../contracts/plan.ts';
import type { TaskResult } from '../contracts/result.ts';
import { contradictionsOf } from './contradictions.ts';
import { mergeParts } from './merge.ts';
import { countsInReview } from './own-reviews.ts';
import { qualityOf } from './quality.ts';
import { activeTasks } from './run-outcome.ts';

/** How a run's results count in its answer; null when none completed. Work that was reviewed counts in its review alone. */
export function mergeRun(plan: Plan, results: ReadonlyMap<string, TaskResult>): MergeView | null {
  const completed = activeTasks(plan, results)
    .filter((task) => !countsInReview(plan, results, task.task_id))
    .flatMap(({ task_id }) => results.get(task_id) ?? [])
    .filter(({ status }) => status === 'completed');
  const merge = mergeParts(
    completed.map(({ task_id: task, confidence, quality = null, latency_ms }) => ({
      task,
      quality: qualityOf({ reviewed: quality, confidence }),
      latencyMs: latency_ms,
    })),
  );
  if (merge === undefined) return null;
  return {
    parts: merge.shares.map(({ task, quality, weight, share }) => ({ task_id: task, quality, weight, share })),
    quality: merge.quality,
    interval: merge.interval,
    contradictions: contradictionsOf(completed.map(({ task_id, response }) => ({ task: task_id, text: response }))),
  };
}

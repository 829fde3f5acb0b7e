import type { Plan, SubTask } from '../contracts/plan.ts';
import type { PlanAssessment, TaskAssessment } from '../contracts/plan-assessment.ts';
import { criticalPathOf } from './critical-path.ts';
import { graphOf, levelsOf, predecessorsOf } from './graph.ts';
import { childrenOf } from './map-children.ts';
import { mapItems } from './map-items.ts';
import { hasOwnReview } from './own-reviews.ts';

/** Less than any call takes: of chains of which nothing is known the longest counts. */
const UNKNOWN_MS = 1e-6;

/** Task ids of a valid plan by level. */
export function levelList(plan: Plan): string[][] {
  const levels: string[][] = [];
  for (const [id, level] of levelsOf(graphOf(plan))) {
    levels[level] ??= [];
    levels[level].push(id);
  }
  return levels;
}

/** The chain of a valid plan that takes longest by what is known of its tasks, and how long; null where nothing is known. */
export function expectedPath(plan: Plan, tasks: readonly TaskAssessment[]): PlanAssessment['critical_path'] {
  const known = new Map(tasks.map(({ task_id, latency_ms }) => [task_id, latency_ms]));
  const durations = new Map([...known].map(([id, ms]) => [id, ms ?? UNKNOWN_MS]));
  const path = criticalPathOf({ graph: graphOf(plan), durations, predecessors: predecessorsOf });
  return path.map(({ task_id }) => ({ task_id, ms: known.get(task_id) ?? null }));
}

/** The sum of what is known; null when nothing is. */
export function knownSum(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0);
}

/** Calls of agents that a task makes when all goes well; null where only the run tells. */
export function expectedCalls(task: SubTask): number | null {
  const reviews = hasOwnReview(task) ? 1 : 0;
  switch (task.kind) {
    case 'approval':
      return 0;
    case 'map': {
      const items = itemsOf(task);
      return items === undefined ? null : items.length + reviews;
    }
    case 'vote': {
      const { agents = 1, mode = 'majority' } = task.consensus ?? {};
      return agents + (mode === 'majority' ? 0 : 1) + reviews;
    }
    case 'talk':
    case 'program':
      return null;
    case 'agent':
    case 'review':
      return 1 + reviews;
    default:
      return null;
  }
}

/** The task as its agent gets it: a map's agents get one item each, a review's is its reviewer. */
export function calledAs(task: SubTask): SubTask {
  const reviewer = task.kind === 'review' ? task.review?.reviewer : undefined;
  if (reviewer !== undefined) return { ...task, agent: reviewer };
  if (task.kind !== 'map') return task;
  const [item = null] = itemsOf(task) ?? [];
  const parent = { task, job: { queue: '', id: '' }, inputs: [] };
  return childrenOf(parent, [item])[0]?.task ?? task;
}

/** The list in a map's own input; undefined when it comes from another task, or is none, which the run then says. */
function itemsOf(task: SubTask): readonly unknown[] | undefined {
  if (task.map === undefined || !('input' in task.map.over)) return undefined;
  try {
    return mapItems(task, new Map());
  } catch {
    return undefined;
  }
}

import { limits } from '../contracts/limits.ts';
import type { Plan } from '../contracts/plan.ts';
import type { TaskResult } from '../contracts/result.ts';
import { isDraft } from './own-reviews.ts';

/** An answer that no model writes, and what a reader should know of it. */
export type ReadyAnswer = { readonly text: string; readonly warning: string | null };

/**
 * The answer that a plan names: the text of one task, or the texts of all, in the plan's order. Undefined when the model is to merge
 * the results: the plan names none, or the task it names did not complete.
 */
export function readyAnswer(plan: Plan, results: readonly TaskResult[]): ReadyAnswer | undefined {
  if (plan.answer === undefined) return undefined;
  const texts = new Map(
    results.flatMap(({ task_id, status, response }) => (status === 'completed' ? [[task_id, response]] : [])),
  );
  if ('from' in plan.answer) return whole(texts.get(plan.answer.from) ?? '');
  const shown = plan.sub_tasks.filter(({ task_id }) => !isDraft(plan, task_id));
  const parts = shown.map(({ task_id }) => (texts.get(task_id) ?? '').trim()).filter((text) => text !== '');
  return whole(parts.join(plan.answer.join));
}

/** A query's plan, what its tasks came to, and how often the model was called for it. */
export type Lone = {
  readonly plan: Plan;
  readonly results: readonly TaskResult[];
  /** By a planner; a ready plan's author has chosen its answer. */
  readonly isPlanned: boolean;
  readonly modelCalls: number;
};

/**
 * The answer to a query that one agent has taken, when the model was called for it as often as such a query may cost
 * (limits.loneModelCalls): there is nothing to merge, and the agent's text stands. Undefined for any other.
 */
export function loneAnswer({ plan, results, isPlanned, modelCalls }: Lone): ReadyAnswer | undefined {
  const [task, ...others] = plan.sub_tasks;
  const isLone = isPlanned && others.length === 0 && task?.kind === 'agent';
  const result = results.find(({ task_id, status }) => task_id === task?.task_id && status === 'completed');
  return isLone && modelCalls >= limits.loneModelCalls ? whole(result?.response ?? '') : undefined;
}

function whole(text: string): ReadyAnswer | undefined {
  if (text.trim() === '') return undefined;
  if (text.length <= limits.outputChars) return { text, warning: null };
  return {
    text: text.slice(0, limits.outputChars).toWellFormed(),
    warning: 'The answer was cut: it is longer than an answer may be.',
  };
}

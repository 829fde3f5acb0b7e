import type { MapSpec } from '../contracts/plan.ts';
import type { TaskResult } from '../contracts/result.ts';

/** How many failed children are named. */
const NAMED = 5;

/** What a map task comes to: the texts of its children, or why it has failed. */
export type Collected =
  | { readonly kind: 'completed'; readonly response: string }
  | { readonly kind: 'failed'; readonly message: string };

/** Gathers the children's texts in their order, null where one gave none. It fails when all did, or one when none may. */
export function collectChildren(results: readonly TaskResult[], spec: Pick<MapSpec, 'on_item_failure'>): Collected {
  const unfinished = results.filter((result) => result.status !== 'completed');
  const fails = unfinished.length > 0 && (spec.on_item_failure === 'fail' || unfinished.length === results.length);
  if (!fails) {
    const texts = results.map((result) => (result.status === 'completed' ? result.response : null));
    return { kind: 'completed', response: JSON.stringify(texts) };
  }
  return {
    kind: 'failed',
    message: `${unfinished.length} of ${results.length} items did not complete: ${nameFew(unfinished)}`,
  };
}

/** The first few children that did not complete, with why. */
export function nameFew(unfinished: readonly TaskResult[]): string {
  const named = unfinished.slice(0, NAMED).map(({ task_id, error }) => `${task_id}: ${error?.message ?? 'no reason'}`);
  return named.join('; ');
}

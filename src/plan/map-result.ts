import type { MapSpec } from '../contracts/plan.ts';
import type { TaskResult } from '../contracts/result.ts';

/** Characters of all reasons in one text, in equal shares; a share has at least so many that it still says something. */
const REASONS = 2_000;
const LEAST_REASON = 20;

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
    message: `${unfinished.length} of ${results.length} items did not complete: ${nameAll(unfinished)}`,
  };
}

/** Every child that did not complete, in the order given, with why: those of one reason together, long reasons cut. */
export function nameAll(unfinished: readonly TaskResult[]): string {
  const byReason = Map.groupBy(unfinished, ({ error }) => error?.message ?? 'no reason');
  const share = Math.max(LEAST_REASON, Math.floor(REASONS / byReason.size));
  const named = [...byReason].map(([reason, those]) => {
    const shown = reason.length > share ? `${reason.slice(0, share)}...` : reason;
    return `${those.map(({ task_id }) => task_id).join(', ')}: ${shown}`;
  });
  return named.join('; ');
}

import type { z } from 'zod';
import { BatonError } from '../contracts/error.ts';
import type { SubTask } from '../contracts/plan.ts';
import { type Gather, gatherOf, isGather, type Need, type Sketch, type TaskHandle } from './handle.ts';

/** What a handle's task is called. */
export type NameOf = (handle: TaskHandle<unknown>) => string;

/** A sketch as a task of a graph, all but its id, named by `nameOf`. Throws invalid_plan for needs that no single join can express. */
export function toGraphTask(sketch: Sketch, nameOf: NameOf): Omit<z.input<typeof SubTask>, 'task_id'> {
  const { needs, join } = flatten(sketch.needs);
  const own = 'join' in sketch.fields ? sketch.fields.join : undefined;
  if (join !== undefined && own !== undefined)
    throw new BatonError('invalid_plan', `"${sketch.name}" has a join of its own beside that of what it needs.`);
  return withNames(sketch, { depends_on: needs.map(nameOf), ...(join !== undefined && { join }) }, nameOf);
}

/** The same with what it needs given by name. */
export function withNames(sketch: Sketch, edges: object, nameOf: NameOf): Omit<z.input<typeof SubTask>, 'task_id'> {
  const { fields, after, over, revise } = sketch;
  const named = {
    ...fields,
    ...edges,
    after: after.map(nameOf),
    ...(over !== undefined && {
      map: { ...Object(fields.map), over: { ...Object(fields.map).over, task: nameOf(over) } },
    }),
    ...(revise !== undefined && { review: { ...Object(fields.review), revise: revise.map(nameOf) } }),
  };
  return named as Omit<z.input<typeof SubTask>, 'task_id'>; // parsed with the plan, or where the program's answer is read
}

/** What is needed one by one; a task has one join for all that it needs, so a race or a quota stands alone. */
function flatten(needs: readonly Need[]): { needs: readonly TaskHandle<unknown>[]; join: object | undefined } {
  const partial = needs.filter((need) => isGather(need) && need[gatherOf].kind !== 'all');
  if (partial.length > 0 && needs.length > 1)
    throw new BatonError(
      'invalid_plan',
      'A task that needs a race or a join needs nothing else: put a task between them.',
    );
  const join = partial.map((need) => (isGather(need) ? joinOf(need[gatherOf]) : undefined))[0];
  return { needs: needs.flatMap((need) => (isGather(need) ? need[gatherOf].of : [need])), join };
}

/** A race is a join of one. */
export function joinOf({ kind, of, join }: Gather): object {
  return kind === 'race' ? { min_fraction: 1 / of.length } : join;
}

import type { SubTask } from '../contracts/plan.ts';

type Added = Omit<SubTask, 'join'>;

/**
 * What some tasks of a patch ask for, whatever they are called and why they were added: the same patch in other words has the same
 * signature. Order, questions to humans and the use of the cache are left out, since a run adds its own.
 */
export function signatureOf(tasks: readonly Added[]): string {
  const places = new Map(tasks.map(({ task_id }, place) => [task_id, `#${place}`]));
  const signed = tasks.map(({ task_id: _, after: __, approval: ___, cache: ____, ...task }) => ({
    ...task,
    description: task.description.toLowerCase().replace(/\s+/g, ' ').trim(),
    depends_on: task.depends_on.map((id) => places.get(id) ?? id),
  }));
  return JSON.stringify(signed, sorted);
}

/** Objects with their fields in one order. */
function sorted(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

import { BatonError } from '../contracts/error.ts';
import { sketchOf, type TaskHandle } from './handle.ts';

const names = new WeakMap<TaskHandle<unknown>, string>();

/** Keeps what a task is called in its plan. Throws invalid_plan when another plan calls it otherwise. */
export function noteName(handle: TaskHandle<unknown>, id: string): void {
  const before = names.get(handle) ?? id;
  if (before !== id)
    throw new BatonError('invalid_plan', `This task is "${before}" in another plan and "${id}" in this one.`);
  names.set(handle, id);
}

/** What a task is called. Throws invalid_request for one of no plan. */
export function nameOf(handle: TaskHandle<unknown>): string {
  const name = names.get(handle);
  if (name !== undefined) return name;
  throw new BatonError('invalid_request', `The task "${handle[sketchOf].name}" is in no plan: definePlan names it.`);
}

/** Calls tasks by their own names, and counts up where one is taken: the same names in the same order. */
export function openCounter(): (name: string) => string {
  const counts = new Map<string, number>();
  const taken = new Set<string>();
  return (name) => {
    for (;;) {
      const count = (counts.get(name) ?? 0) + 1;
      counts.set(name, count);
      const id = count === 1 ? name : `${name}-${count}`;
      if (taken.has(id)) continue;
      taken.add(id);
      return id;
    }
  };
}

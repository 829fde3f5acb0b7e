import { BatonError } from '../contracts/error.ts';
import { type JobRef, jobIds } from '../contracts/job.ts';
import { limits } from '../contracts/limits.ts';
import { SubTask } from '../contracts/plan.ts';
import type { Child } from '../contracts/round.ts';

/** What a map task's children are made from: its inputs become theirs. */
export type Parent = { readonly task: SubTask; readonly job: JobRef; readonly inputs: readonly string[] };

/**
 * One child per item. Ids follow from the place in the list alone, so a parent that runs again names the same ones. Throws
 * map_invalid for an item with which a child would be no task that can be read back.
 */
export function childrenOf({ task, job, inputs }: Parent, items: readonly unknown[]): readonly Child[] {
  const shared = inputWithoutList(task);
  return items.map((item, index) => ({
    job: { queue: job.queue, id: jobIds.child(job.id, index) },
    task: {
      ...task,
      task_id: `${task.task_id}.${index}`,
      kind: 'agent',
      input_data: inputOf(shared, item, index),
      depends_on: [...inputs],
      after: [],
      on_dependency_failure: 'partial',
      optional: false,
      map: undefined,
      join: undefined,
      approval: undefined,
    },
  }));
}

/** Whether a child of some map task of the plan could have this id. */
export function isChildId(id: string, map: string): boolean {
  return id.startsWith(`${map}.`) && /^\d+$/.test(id.slice(map.length + 1));
}

type Input = SubTask['input_data'];

function inputOf(shared: Input, item: unknown, index: number): Input {
  const input = { ...shared, item, index };
  if (SubTask.shape.input_data.safeParse(input).success) return input;
  const message = `Item ${index} is too large: expected at most ${limits.inputBytes} bytes of JSON, the rest of input_data included.`;
  throw new BatonError('map_invalid', message);
}

/** Each child gets its item, not the whole list once more. */
function inputWithoutList({ input_data, map }: SubTask): Input {
  return map !== undefined && 'input' in map.over ? without(input_data, map.over.input.split('.')) : input_data;
}

/** A list that lies within another list stays where it is. */
function without(input: Input, [name = '', ...rest]: readonly string[]): Input {
  if (rest.length === 0) return Object.fromEntries(Object.entries(input).filter(([key]) => key !== name));
  const inner = Object.hasOwn(input, name) ? input[name] : undefined;
  if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) return input;
  return { ...input, [name]: without(inner as Input, rest) }; // an object of JSON
}

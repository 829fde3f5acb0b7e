import type { JobRef } from '../contracts/job.ts';
import { jobIds } from '../contracts/job.ts';
import type { SubTask } from '../contracts/plan.ts';
import type { Child } from '../contracts/spawn.ts';

/** What a map task's children are made from: its inputs become theirs. */
export type Parent = { readonly task: SubTask; readonly job: JobRef; readonly inputs: readonly string[] };

/** One child per item. Ids follow from the place in the list alone, so a parent that runs again names the same ones. */
export function childrenOf({ task, job, inputs }: Parent, items: readonly unknown[]): readonly Child[] {
  const input = inputWithoutList(task);
  return items.map((item, index) => ({
    job: { queue: job.queue, id: jobIds.child(job.id, index) },
    task: {
      ...task,
      task_id: `${task.task_id}.${index}`,
      kind: 'agent',
      input_data: { ...input, item, index },
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

/** Each child gets its item, not the whole list once more. */
function inputWithoutList({ input_data, map }: SubTask): SubTask['input_data'] {
  if (map === undefined || !('input' in map.over)) return input_data;
  const list = map.over.input.split('.')[0];
  return Object.fromEntries(Object.entries(input_data).filter(([name]) => name !== list));
}

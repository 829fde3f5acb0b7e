import type { Fault } from '../contracts/error.ts';
import type { Plan } from '../contracts/plan.ts';
import { graphOf } from './graph.ts';

/**
 * Everything wrong with a plan's graph, each fault with its place; empty for a good plan. The shape (ids, capabilities, sizes) is
 * checked by the schema before. BullMQ would hang silently on each of these, so nothing is enqueued before this is empty.
 */
export function validatePlan(plan: Plan): readonly Fault[] {
  const faults = [...doubledIds(plan), ...badDependencies(plan)];
  return faults.length > 0 ? faults : cycles(plan);
}

function doubledIds(plan: Plan): readonly Fault[] {
  const seen = new Set<string>();
  return plan.sub_tasks.flatMap((task, index) => {
    if (!seen.has(task.task_id)) {
      seen.add(task.task_id);
      return [];
    }
    return [
      {
        path: `sub_tasks[${index}].task_id`,
        message: `"${task.task_id}" is used twice; give each task an id of its own`,
      },
    ];
  });
}

function badDependencies(plan: Plan): readonly Fault[] {
  const known = new Set(plan.sub_tasks.map((task) => task.task_id));
  return plan.sub_tasks.flatMap((task, index) =>
    task.depends_on.flatMap((id, position) => {
      const message = dependencyFault({
        task: task.task_id,
        id,
        known,
        repeated: task.depends_on.indexOf(id) < position,
      });
      return message === undefined ? [] : [{ path: `sub_tasks[${index}].depends_on[${position}]`, message }];
    }),
  );
}

type Dependency = {
  readonly task: string;
  readonly id: string;
  readonly known: ReadonlySet<string>;
  readonly repeated: boolean;
};

function dependencyFault({ task, id, known, repeated }: Dependency): string | undefined {
  if (id === task) return `"${task}" depends on itself`;
  if (!known.has(id)) return `"${id}" is no task of this plan`;
  return repeated ? `"${id}" is named twice` : undefined;
}

function cycles(plan: Plan): readonly Fault[] {
  const ordered = new Set(graphOf(plan).order);
  const stuck = plan.sub_tasks.map((task) => task.task_id).filter((id) => !ordered.has(id));
  if (stuck.length === 0) return [];
  return [
    {
      path: 'sub_tasks',
      message: `these tasks wait for each other in a cycle, or behind one: ${stuck.slice(0, 20).join(', ')}`,
    },
  ];
}

import type { Fault } from '../contracts/error.ts';
import type { Plan, SubTask } from '../contracts/plan.ts';
import { graphOf } from './graph.ts';
import { badKinds } from './validate-kinds.ts';

/** Task ids that one message names. */
const FEW = 20;

/**
 * Everything wrong with a plan's graph, each fault with its place; empty for a good plan. The shape (ids, capabilities, sizes) is
 * checked by the schema before. BullMQ would hang silently on each of these, so nothing is enqueued before this is empty.
 */
export function validatePlan(plan: Plan): readonly Fault[] {
  const faults = [...doubledIds(plan), ...badEdges(plan), ...badKinds(plan), ...badAnswer(plan)];
  return faults.length > 0 ? faults : cycles(plan);
}

function badAnswer({ answer, sub_tasks }: Plan): readonly Fault[] {
  if (answer === undefined || !('from' in answer)) return [];
  const { from } = answer;
  if (sub_tasks.some(({ task_id }) => task_id === from)) return [];
  return [{ path: 'answer.from', message: `"${from}" is no task of this plan` }];
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

/** What a task waits for, by field; the same id in both is one edge. */
const edgeFields = { depends_on: 'depends on', after: 'comes after' } as const satisfies Partial<
  Record<keyof SubTask, string>
>;

function badEdges(plan: Plan): readonly Fault[] {
  const known = new Set(plan.sub_tasks.map((task) => task.task_id));
  return plan.sub_tasks.flatMap((task, index) =>
    (Object.keys(edgeFields) as (keyof typeof edgeFields)[]) // keys of a const object
      .flatMap((field) =>
        task[field].flatMap((id, position) => {
          const repeated = task[field].indexOf(id) < position;
          const message = edgeFault({ task: task.task_id, field, id, known, repeated });
          return message === undefined ? [] : [{ path: `sub_tasks[${index}].${field}[${position}]`, message }];
        }),
      ),
  );
}

type EdgeQuestion = {
  readonly task: string;
  readonly field: keyof typeof edgeFields;
  readonly id: string;
  readonly known: ReadonlySet<string>;
  readonly repeated: boolean;
};

function edgeFault({ task, field, id, known, repeated }: EdgeQuestion): string | undefined {
  if (id === task) return `"${task}" ${edgeFields[field]} itself`;
  if (!known.has(id)) return `"${id}" is no task of this plan`;
  return repeated ? `"${id}" is named twice` : undefined;
}

function cycles(plan: Plan): readonly Fault[] {
  const stuck = stuckTasks(plan.sub_tasks);
  if (stuck.length === 0) return [];
  const ordering = stuckTasks(plan.sub_tasks.map((task) => ({ ...task, after: [] }))).length === 0;
  const orders = stuck.flatMap(({ task_id, after }) => after.map((id) => `"${task_id}" after "${id}"`));
  const names = stuck.map((task) => task.task_id).slice(0, FEW);
  const message = `these tasks wait for each other in a cycle, or behind one: ${names.join(', ')}`;
  const advice = `; without the order ${orders.slice(0, FEW).join(', ')} there is none`;
  return [{ path: 'sub_tasks', message: ordering ? message + advice : message }];
}

function stuckTasks(tasks: readonly SubTask[]): readonly SubTask[] {
  const ordered = new Set(graphOf({ sub_tasks: [...tasks] }).order);
  return tasks.filter((task) => !ordered.has(task.task_id));
}

import { type JobRef, jobIds, queueOf } from '../contracts/job.ts';
import { limits } from '../contracts/limits.ts';
import { SubTask } from '../contracts/plan.ts';
import type { Child } from '../contracts/round.ts';

/** A task that another one adds, without what follows from its place. */
export type ChildSketch = Pick<SubTask, 'description' | 'required_capability'> &
  Partial<
    Pick<
      SubTask,
      'input_data' | 'depends_on' | 'agent' | 'not_agents' | 'timeout_ms' | 'idle_timeout_ms' | 'retries' | 'state'
    >
  >;

/** The task that adds, and its job. */
export type Adder = { readonly task: SubTask; readonly job: JobRef };

/**
 * The child in a place, from 0 and counted over all rounds: its ids follow from the place alone. It works as any agent's task with
 * what there is of its dependencies, which have results already, and in its adder's urgency.
 */
export function childIn({ task, job }: Adder, place: number, sketch: ChildSketch): Child {
  const description = sketch.description.slice(0, limits.descriptionChars);
  const head = {
    description,
    task_id: `${task.task_id}.${place}`,
    on_dependency_failure: 'partial',
    priority: task.priority,
  };
  return {
    task: SubTask.parse({ state: task.state, ...sketch, ...head }),
    job: { queue: queueOf(sketch.required_capability), id: jobIds.child(job.id, place) },
  };
}

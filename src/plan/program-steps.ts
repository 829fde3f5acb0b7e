import { BatonError, parseOr } from '../contracts/error.ts';
import { TaskId } from '../contracts/ids.ts';
import { type JobRef, jobIds, queueOf } from '../contracts/job.ts';
import { limits } from '../contracts/limits.ts';
import { SubTask } from '../contracts/plan.ts';
import type { LoggedProgramStep, ProgramStep } from '../contracts/program.ts';
import type { Child } from '../contracts/round.ts';
import { type Adder, type ChildSketch, childIn } from './child-task.ts';

/** Where a program's next steps begin. */
export type StepPlace = Adder & {
  /** The place of its next child. */
  readonly place: number;
  /** Key -> task id, of the steps that have ended. */
  readonly idOf: ReadonlyMap<string, string>;
  /** Milliseconds that are left of the whole program; undefined when nothing bounds it. */
  readonly leftMs: number | undefined;
};

/** The tasks of a decision's steps. Throws program_invalid when programs stand so deep in programs that a task could not be named. */
export function stepChildren(steps: readonly ProgramStep[], at: StepPlace): readonly Child[] {
  return steps.map((step, index) => stepChild(step, { ...at, place: at.place + index }));
}

function stepChild({ key, digest: _, ...step }: ProgramStep, { task, job, place, idOf, leftMs }: StepPlace): Child {
  const task_id = `${task.task_id}.${place}`;
  // Reviews, votes and programs name their own children after it.
  if (!TaskId.safeParse(`${task_id}.${limits.mapItems}`).success)
    throw new BatonError('program_invalid', `Step "${key}" lies too deep: "${task_id}" is too long for an id.`);
  const id = (name: string): string => idOf.get(name) ?? name;
  const { map, review } = step;
  const over = map !== undefined && 'task' in map.over ? { ...map.over, task: id(map.over.task) } : map?.over;
  const named: SubTask = {
    ...step,
    ...{ task_id, depends_on: step.depends_on.map(id), after: [] },
    priority: step.priority ?? task.priority,
    state: step.state ?? task.state,
    ...(map !== undefined && over !== undefined && { map: { ...map, over } }),
    ...(review?.revise !== undefined && { review: { ...review, revise: review.revise.map(id) } }),
    ...(leftMs !== undefined && { timeout_ms: Math.max(100, Math.ceil(Math.min(leftMs, step.timeout_ms ?? leftMs))) }),
  };
  return { task: named, job: jobOf(step, job, place) };
}

function jobOf({ required_capability }: Pick<ProgramStep, 'required_capability'>, job: JobRef, place: number): JobRef {
  return { queue: queueOf(required_capability), id: jobIds.child(job.id, place) };
}

/**
 * The question to a program's agent: what comes next, by what has ended. The texts of its steps are context, whole. Throws output_too_large when
 * the list of them fits in no task.
 */
export function programAsk(at: StepPlace, inputs: readonly string[], steps: readonly LoggedProgramStep[]): Child {
  const { task, job, place, leftMs } = at;
  const completed = steps.flatMap(({ task_id, status }) => (status === 'completed' ? [task_id] : []));
  const sketch: ChildSketch = {
    description: task.description,
    required_capability: task.required_capability,
    ...(task.agent !== undefined && { agent: task.agent }),
    input_data: { ...task.input_data, program: { version: 1, steps } },
    depends_on: [...inputs, ...completed],
    ...(task.retries !== undefined && { retries: task.retries }),
    ...(task.idle_timeout_ms !== undefined && { idle_timeout_ms: task.idle_timeout_ms }),
    ...(leftMs !== undefined && { timeout_ms: Math.max(100, Math.ceil(leftMs)) }),
  };
  const { input_data, depends_on } = sketch;
  parseOr(SubTask.pick({ input_data: true, depends_on: true }), { input_data, depends_on }, 'output_too_large');
  return childIn({ task, job }, place, sketch);
}

/** The question as it is kept: what it lists follows from the rounds before it and the results, and all lists together would grow with the square. */
export function withoutLog({ task, job }: Child): Child {
  const { program: _, ...input_data } = task.input_data;
  return { task: { ...task, input_data }, job };
}

/** The same, whole again. */
export function withLog({ task, job }: Child, steps: readonly LoggedProgramStep[]): Child {
  return { task: { ...task, input_data: { ...task.input_data, program: { version: 1, steps } } }, job };
}

import type { Fault } from '../contracts/error.ts';
import type { Plan, SubTask } from '../contracts/plan.ts';
import type { RunOptions } from '../contracts/run-options.ts';

/** Where a run shall stop for a human. */
export type Points = Pick<RunOptions, 'interrupt_before' | 'interrupt_after'>;

/** Points that are no task's id. */
const general: readonly string[] = ['agent', 'map', 'review', 'vote', 'talk', 'approval', 'program', 'join', 'plan'];

/** Whether a human is asked about the plan itself: before it and after it are the same question. */
export function asksAboutPlan({ interrupt_before, interrupt_after }: Points): boolean {
  return interrupt_before.includes('plan') || interrupt_after.includes('plan');
}

/**
 * The plan with the run's interrupt points as its tasks' own approvals, which are kept with their times and at most widened. Applying
 * it again changes nothing. A task of kind approval is the question itself.
 */
export function applyInterrupts(plan: Plan, options: Points & Pick<RunOptions, 'interrupt'>): Plan {
  const { interrupt_before, interrupt_after, interrupt } = options;
  if (interrupt_before.length === 0 && interrupt_after.length === 0) return plan;
  const before = new Set<string>(interrupt_before);
  const after = new Set<string>(interrupt_after);
  return {
    ...plan,
    sub_tasks: plan.sub_tasks.map((task) => {
      const when = whenOf(task, { before: isNamed(task, before), after: isNamed(task, after) });
      return when === undefined ? task : { ...task, approval: { ...(task.approval ?? interrupt), when } };
    }),
  };
}

/** Points of a run that name neither a kind of task nor a task of its plan, or both at once, each with its place in the options. */
export function faultyPoints(plan: Plan, points: Points): readonly Fault[] {
  const ids = new Set(plan.sub_tasks.map(({ task_id }) => task_id));
  return (['interrupt_before', 'interrupt_after'] as const).flatMap((field) =>
    points[field].flatMap((point, index) => {
      const message = faultOf(point, ids);
      return message === undefined ? [] : [{ path: `options.${field}[${index}]`, message }];
    }),
  );
}

function faultOf(point: string, ids: ReadonlySet<string>): string | undefined {
  const isGeneral = general.includes(point);
  if (isGeneral && ids.has(point)) {
    return `"${point}" is a task of this plan, and means something else here too; give the task another id`;
  }
  if (isGeneral || ids.has(point)) return undefined;
  return `"${point}" is no task of this plan; expected a task's id or one of ${general.join(', ')}`;
}

/** Whether a human is asked before a task begins, which for a task of kind approval is all there is to it. */
export function asksBefore({ kind, approval }: SubTask): boolean {
  return kind === 'approval' || approval?.when === 'before' || approval?.when === 'both';
}

/** Whether a human is asked about what a task gave. */
export function asksAfter({ kind, approval }: SubTask): boolean {
  return kind !== 'approval' && (approval?.when === 'after' || approval?.when === 'both');
}

function isNamed({ task_id, kind, join }: SubTask, points: ReadonlySet<string>): boolean {
  return points.has(task_id) || points.has(kind) || (join !== undefined && points.has('join'));
}

/** What a task's approval is widened to; undefined when it stays as it is. */
function whenOf(task: SubTask, asked: { readonly before: boolean; readonly after: boolean }) {
  if (task.kind === 'approval' || (!asked.before && !asked.after)) return undefined;
  const before = asked.before || asksBefore(task);
  const after = asked.after || asksAfter(task);
  return before && after ? 'both' : before ? 'before' : 'after';
}

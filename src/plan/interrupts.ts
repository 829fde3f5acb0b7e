import type { Fault } from '../contracts/error.ts';
import { Approval, type Plan, type SubTask } from '../contracts/plan.ts';
import type { RunOptions } from '../contracts/run-options.ts';

/** Where a run shall stop for a human. */
type Points = Pick<RunOptions, 'interrupt_before' | 'interrupt_after'>;

/** Points that are no task's id. */
const general: readonly string[] = ['agent', 'map', 'approval', 'join', 'plan'];

/** Whether a human is asked about the plan itself: before it and after it are the same question. */
export function asksAboutPlan({ interrupt_before, interrupt_after }: Points): boolean {
  return interrupt_before.includes('plan') || interrupt_after.includes('plan');
}

/**
 * The plan with the run's interrupt points as its tasks' own approvals, which are kept and at most widened. Applying it again
 * changes nothing. A task of kind approval is the question itself.
 */
export function applyInterrupts(plan: Plan, { interrupt_before, interrupt_after }: Points): Plan {
  if (interrupt_before.length === 0 && interrupt_after.length === 0) return plan;
  const before = new Set<string>(interrupt_before);
  const after = new Set<string>(interrupt_after);
  return {
    ...plan,
    sub_tasks: plan.sub_tasks.map((task) =>
      widen(task, { before: isNamed(task, before), after: isNamed(task, after) }),
    ),
  };
}

/** Points of a run that name neither a kind of task nor a task of its plan, each with its place in the options. */
export function unknownPoints(plan: Plan, points: Points): readonly Fault[] {
  const known = new Set([...general, ...plan.sub_tasks.map(({ task_id }) => task_id)]);
  return (['interrupt_before', 'interrupt_after'] as const).flatMap((field) =>
    points[field].flatMap((point, index) => {
      if (known.has(point)) return [];
      const message = `"${point}" is no task of this plan; expected a task's id or one of ${general.join(', ')}`;
      return [{ path: `options.${field}[${index}]`, message }];
    }),
  );
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

function widen(task: SubTask, asked: { readonly before: boolean; readonly after: boolean }): SubTask {
  if (task.kind === 'approval' || (!asked.before && !asked.after)) return task;
  const before = asked.before || asksBefore(task);
  const after = asked.after || asksAfter(task);
  const when = before && after ? 'both' : before ? 'before' : 'after';
  return { ...task, approval: { ...(task.approval ?? Approval.parse({})), when } };
}

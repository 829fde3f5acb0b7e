import type { BranchRef, JobRef, JoinSpec } from '../contracts/job.ts';
import type { JoinRelease } from '../contracts/join.ts';
import type { SubTask } from '../contracts/plan.ts';
import type { PlanGraph } from './graph.ts';

type JoinSource = {
  readonly graph: PlanGraph;
  readonly jobs: ReadonlyMap<string, JobRef>;
  readonly seeds: ReadonlyMap<string, unknown>;
};

/** Whether `from` is a branch of this task's join; an edge that only orders is none. */
export function feedsJoin(task: SubTask, from: string): boolean {
  return task.join !== undefined && task.depends_on.includes(from);
}

/** How many of a join's branches must have completed: the seed's fraction, rounded up. */
export function quotaOf({ join, depends_on }: Pick<SubTask, 'join' | 'depends_on'>): number {
  // 0.75 of 4 is 3, and must not become 4 by the last bit of a product.
  return Math.ceil((join?.min_fraction ?? 1) * depends_on.length - 1e-9);
}

/** What flow's scripts must know of a task's join; undefined without one. */
export function joinSpecOf({ graph, jobs, seeds }: JoinSource, task: SubTask): JoinSpec | undefined {
  const { join, depends_on } = task;
  if (join === undefined) return undefined;
  const seeded = depends_on.filter((id) => seeds.has(id));
  const refer = (id: string): readonly BranchRef[] => {
    const job = jobs.get(id);
    return job === undefined ? [] : [{ task: id, job }];
  };
  return {
    branches: depends_on.flatMap(refer),
    seeded: { settled: seeded.length, completed: seeded.filter((id) => seeds.get(id) === 'completed').length },
    need: quotaOf(task),
    grace_ms: join.grace_ms,
    timeout_ms: join.timeout_ms ?? null,
    on_timeout: join.on_timeout,
    drop:
      join.late === 'drop'
        ? onlyFor(graph, task)
            .filter((id) => !seeds.has(id))
            .flatMap(refer)
        : [],
  };
}

/** Whether a join may go on before all of its branches have settled. */
export function mayGoEarly(task: SubTask): boolean {
  return task.join !== undefined && (quotaOf(task) < task.depends_on.length || task.join.timeout_ms !== undefined);
}

/** Tasks that some join of the plan may end because it goes on without them. */
export function droppable(graph: PlanGraph): ReadonlySet<string> {
  const joins = [...graph.tasks.values()].filter((task) => task.join?.late === 'drop');
  return new Set(joins.flatMap((join) => onlyFor(graph, join)));
}

/** The tasks whose work serves this join and nothing else: all that gets something from them is the join, or stands here too. */
function onlyFor({ order, dependents, tasks }: PlanGraph, join: SubTask): readonly string[] {
  const only = new Set<string>();
  for (const id of order.toReversed()) {
    const heirs = (dependents.get(id) ?? []).filter((dependent) => tasks.get(dependent)?.depends_on.includes(id));
    if (heirs.length > 0 && heirs.every((heir) => only.has(heir) || heir === join.task_id)) only.add(id);
  }
  return [...only];
}

/** What becomes of a join's task once it has been released. */
export type Admission = 'run' | 'blocked' | 'timed_out';

/** The seed's decision at a sync point. Branches that failed do not count as completed. */
export function admitJoin(task: SubTask, { reason, need, completed }: JoinRelease): Admission {
  if (reason === 'quorum' || reason === 'grace') return 'run';
  if (reason === 'timeout' && task.join?.on_timeout === 'fail') return 'timed_out';
  if (completed.length >= need || task.on_dependency_failure === 'partial') return 'run';
  return reason === 'timeout' && completed.length > 0 ? 'run' : 'blocked';
}

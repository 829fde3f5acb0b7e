import { HOUSEKEEPING_QUEUE, type JobRef, jobIds, ORCHESTRATOR_QUEUE, ROOT_QUEUE } from '../../contracts/job.ts';
import type { Plan } from '../../contracts/plan.ts';
import type { TaskResult } from '../../contracts/result.ts';
import type { Stop } from '../../contracts/run.ts';
import type { Flow } from '../../flow/flow.ts';
import { type InspectedJob, inspectJobs } from '../../flow/inspect.ts';
import { loadQuestions } from '../../journal/load-asks.ts';
import { type JoinProgress, loadJoins } from '../../journal/load-joins.ts';
import { loadRun, type RunState } from '../../journal/load-run.ts';
import { jobsOf } from '../../plan/flow-graph.ts';

/** One task of a run and its job. `parent` is the map task it is a child of. */
export type InspectedTask = InspectedJob & {
  readonly id: string;
  readonly job: JobRef;
  readonly key: string;
  readonly parent: string | undefined;
  readonly result: TaskResult | undefined;
};

/** All that tells whether a run that has not ended goes on by itself. Times in ms since 1970. */
export type Inspection = {
  readonly now: number;
  readonly stop: Stop | null;
  readonly plan: Plan | null;
  readonly planned: boolean;
  readonly submitted: boolean;
  readonly deadlineAt: number | undefined;
  readonly reused: readonly string[];
  readonly planJob: InspectedJob;
  readonly closeJob: InspectedJob;
  readonly root: InspectedJob;
  readonly tasks: readonly InspectedTask[];
  readonly joins: readonly JoinProgress[];
  /** The open questions to humans. */
  readonly asks: readonly { readonly id: string; readonly expiresAt: number }[];
};

/** Reads how a run stands; undefined when it is gone. Results first: a task that settles meanwhile is found settled by its claim. */
export async function inspectRun(flow: Flow, run: string): Promise<Inspection | undefined> {
  const state = await loadRun(flow.store, run);
  if (state === undefined) return undefined;
  const { record, results } = state;
  const members = membersOf(flow, run, state);
  const runJobs = [
    { queue: ORCHESTRATOR_QUEUE, id: jobIds.plan(run) },
    { queue: HOUSEKEEPING_QUEUE, id: jobIds.close(run) },
    { queue: ROOT_QUEUE, id: jobIds.root(run) },
  ];
  const [planJob, closeJob, root, ...jobs] = await inspectJobs(flow, [...runJobs, ...members.map(({ job }) => job)]);
  if (planJob === undefined || closeJob === undefined || root === undefined) return undefined; // never: three were asked for
  const tasks = members.map((member, at) => ({
    ...member,
    ...(jobs[at] as InspectedJob),
    result: results.get(member.id),
  })); // as many as asked for
  return {
    ...{ now: Date.now(), stop: record.cancel, plan: record.plan, reused: record.fork?.reused ?? [] },
    ...{ planned: record.planned !== undefined, submitted: record.submitted !== undefined },
    ...{ deadlineAt: record.deadline_at, planJob, closeJob, root, tasks },
    joins: await loadJoins(flow.store, run),
    asks: (await loadQuestions(flow.store, run))
      .filter(({ resolution }) => resolution === undefined)
      .map(({ ask }) => ({ id: ask.id, expiresAt: Date.parse(ask.expires_at) })),
  };
}

function membersOf({ store }: Flow, run: string, { record, children }: RunState) {
  if (record.plan === null || record.planned === undefined) return [];
  const reused = new Set(record.fork?.reused ?? []);
  const planned = [...jobsOf(run, record.plan)].filter(([id]) => !reused.has(id));
  const spawned = [...children].filter(([map]) => !reused.has(map));
  const member = (id: string, job: JobRef, parent?: string) => ({
    id,
    job,
    parent,
    key: store.keys.job(job.queue, job.id),
  });
  return [
    ...planned.map(([id, job]) => member(id, job)),
    ...spawned.flatMap(([map, list]) => list.map(({ task, job }) => member(task.task_id, job, map))),
  ];
}

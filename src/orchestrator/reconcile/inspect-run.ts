import { HOUSEKEEPING_QUEUE, type JobRef, jobIds, ORCHESTRATOR_QUEUE, ROOT_QUEUE } from '../../contracts/job.ts';
import type { Plan } from '../../contracts/plan.ts';
import type { RecordedPatch } from '../../contracts/plan-patch.ts';
import type { Child } from '../../contracts/round.ts';
import type { Stop } from '../../contracts/run.ts';
import type { SessionPlace } from '../../contracts/session.ts';
import type { Flow } from '../../flow/flow.ts';
import { type InspectedJob, inspectJobs } from '../../flow/inspect.ts';
import { loadAskHeads } from '../../journal/load-asks.ts';
import { type JoinProgress, loadJoins } from '../../journal/load-joins.ts';
import { loadSpawned } from '../../journal/load-rounds.ts';
import { loadRecord, type RunRecord } from '../../journal/load-run.ts';
import { loadPatches, replacedBy } from '../../journal/patch.ts';
import { loadTurn } from '../../journal/session.ts';
import { jobsOf } from '../../plan/flow-graph.ts';
import { isDue } from '../session-turn.ts';

/** One task of a run and its job. `parent` is the map task it is a child of. */
export type InspectedTask = InspectedJob & {
  readonly id: string;
  readonly job: JobRef;
  readonly key: string;
  readonly parent: string | undefined;
  /** The task because of whose outcome a patch has added it. */
  readonly addedFor?: string | undefined;
  /** Its result is recorded. */
  readonly isSettled: boolean;
};

/** Where a run stands in its session; free also without one. */
export type SessionTurnState =
  | { readonly state: 'free' | 'waits' }
  | { readonly state: 'due'; readonly place: SessionPlace };

/** All that tells whether a run that has not ended goes on by itself. Times in ms since 1970. */
export type Inspection = {
  readonly now: number;
  /** It took a step while it was looked at, so the parts do not fit together. */
  readonly hasMoved: boolean;
  readonly stop: Stop | null;
  readonly plan: Plan | null;
  /** Tasks that patches of the plan have replaced. */
  readonly replaced: readonly string[];
  readonly planned: boolean;
  readonly submitted: boolean;
  readonly deadlineAt: number | undefined;
  /** `waits`: for earlier runs of its session. `due`: somebody must act for it. */
  readonly turn: SessionTurnState;
  readonly reused: readonly string[];
  readonly planJob: InspectedJob;
  readonly closeJob: InspectedJob;
  readonly root: InspectedJob;
  readonly tasks: readonly InspectedTask[];
  readonly joins: readonly JoinProgress[];
  /** The open questions to humans. */
  readonly asks: readonly { readonly id: string; readonly expiresAt: number }[];
};

/**
 * Reads how a run stands; undefined when it is gone. Jobs before results: a worker records first and ends its job then, so a job
 * that has ended without a result read afterwards has none.
 */
export async function inspectRun(flow: Flow, run: string): Promise<Inspection | undefined> {
  const record = await loadRecord(flow.store, run);
  if (record === undefined) return undefined;
  const { patches } = await loadPatches(flow.store, run);
  const members = membersOf(flow, run, { record, children: await loadSpawned(flow.store, run), patches });
  const runJobs = [
    { queue: ORCHESTRATOR_QUEUE, id: jobIds.plan(run) },
    { queue: HOUSEKEEPING_QUEUE, id: jobIds.close(run) },
    { queue: ROOT_QUEUE, id: jobIds.root(run) },
  ];
  const [planJob, closeJob, root, ...jobs] = await inspectJobs(flow, [...runJobs, ...members.map(({ job }) => job)]);
  if (planJob === undefined || closeJob === undefined || root === undefined) return undefined; // never: three were asked for
  const settled = await loadSettledIds(flow, run);
  const tasks = members.map((member, at) => ({
    ...member,
    ...(jobs[at] as InspectedJob), // as many as asked for
    isSettled: settled.has(member.id),
  }));
  return {
    ...{ now: Date.now(), stop: record.stop, plan: record.plan, reused: record.fork?.reused ?? [] },
    replaced: replacedBy(patches),
    ...{ planned: record.planned !== undefined, submitted: record.submitted !== undefined },
    turn: await loadTurnState(flow, run, record),
    ...{ deadlineAt: record.deadline_at, planJob, closeJob, root, tasks },
    joins: record.paused === undefined ? await loadJoins(flow.store, run) : [], // a pause stops their clocks
    asks: (await loadAskHeads(flow.store, run))
      .filter(({ isOpen }) => isOpen)
      .map(({ ask }) => ({ id: ask.id, expiresAt: Date.parse(ask.expires_at) })),
    hasMoved: await hasMoved(flow, run, record),
  };
}

async function loadTurnState({ store }: Flow, run: string, { session, held }: RunRecord): Promise<SessionTurnState> {
  if (session === null || held === undefined) return { state: 'free' };
  const turn = await loadTurn(store, session.id, run);
  if (isDue(turn, session)) return { state: 'due', place: session };
  return { state: turn.waits ? 'waits' : 'free' };
}

function membersOf(
  { store }: Flow,
  run: string,
  {
    record,
    children,
    patches,
  }: { record: RunRecord; children: ReadonlyMap<string, readonly Child[]>; patches: readonly RecordedPatch[] },
) {
  if (record.plan === null || record.planned === undefined) return [];
  const reused = new Set(record.fork?.reused ?? []);
  const planned = [...jobsOf(run, record.plan)].map(([id, job], place) => ({
    ...{ id, job },
    addedFor: patches.find(({ from, to }) => from <= place && place < to)?.task,
  }));
  const spawned = [...children].filter(([map]) => !reused.has(map));
  const member = (id: string, job: JobRef, parent?: string) => ({
    id,
    job,
    parent,
    key: store.keys.job(job.queue, job.id),
  });
  return [
    ...planned.filter(({ id }) => !reused.has(id)).map(({ id, job, addedFor }) => ({ ...member(id, job), addedFor })),
    ...spawned.flatMap(([map, list]) => list.map(({ task, job }) => member(task.task_id, job, map))),
  ];
}

/** Their names only: results may be large, and most runs need no repair. */
async function loadSettledIds({ store }: Flow, run: string): Promise<ReadonlySet<string>> {
  return new Set(await store.redis.hkeys(store.keys.run(run).results));
}

/** Whether it was submitted, or has ended, since its record was read. */
async function hasMoved({ store }: Flow, run: string, { planned, submitted }: RunRecord): Promise<boolean> {
  const fields = ['terminal', 'planned', 'submitted'] as const;
  const [terminal, plannedNow, submittedNow] = await store.redis.hmget(store.keys.run(run).run, ...fields);
  if (terminal != null) return true;
  return (plannedNow ?? undefined) !== planned || (submittedNow ?? undefined) !== submitted;
}

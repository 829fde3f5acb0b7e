import { randomUUID } from 'node:crypto';
import type { AgentCall, AgentEvent, CallLimits } from '../agents/call.ts';
import type { AgentDescriptor } from '../contracts/agent.ts';
import type { FailureReport } from '../contracts/error.ts';
import type { JobRef, TaskJob } from '../contracts/job.ts';
import { limits } from '../contracts/limits.ts';
import type { ProposePatch } from '../contracts/plan-patch.ts';
import type { AgentAnswer } from '../contracts/question.ts';
import { closeJoin } from '../flow/close-join.ts';
import type { Flow } from '../flow/flow.ts';
import { beginJoins } from '../flow/join-timers.ts';
import { type Announcement, type Claim, claimTask, type OwnedClaim } from '../journal/claim.ts';
import { noteWait } from '../journal/note-wait.ts';
import { type Admission, admitJoin } from '../plan/join.ts';
import { isUrgent } from '../plan/priority.ts';
import type { Chooser } from '../registry/choose.ts';
import type { Outcomes } from '../registry/outcomes.ts';
import type { Permit } from '../registry/permit.ts';
import type { RankedTask } from '../registry/rank.ts';
import type { Spawner } from '../registry/spawner.ts';
import { announcements } from './announcements.ts';
import { type Purse, setAside } from './pay.ts';

export type Invocation = {
  readonly agent: AgentDescriptor;
  readonly call: AgentCall;
  readonly signal: AbortSignal;
  /** Replaces single limits of the agent. */
  readonly limits?: Partial<CallLimits>;
};

export type TaskTools = {
  readonly flow: Flow;
  /** This process, as task.started names it. */
  readonly worker: string;
  readonly chooser: Chooser;
  readonly outcomes: Outcomes;
  readonly spawner: Spawner;
  readonly invoke: (invocation: Invocation) => AsyncIterable<AgentEvent>;
  /** The same in a process of its own, for a call that may end its process. */
  readonly isolate: (invocation: Invocation) => AsyncIterable<AgentEvent>;
  /** Asks the planner whether a run's plan shall change because of an outcome. */
  readonly replan: ProposePatch;
  /** 0 to 1, for the jitter of retries. */
  readonly random: () => number;
  readonly report: FailureReport;
};

/** One task in work: its job, and the signal of whatever ends it from outside. */
export type Work = {
  readonly tools: TaskTools;
  readonly data: TaskJob;
  readonly job: JobRef;
  /** The job's, by BullMQ's scale. */
  readonly priority: number;
  /** How often a worker has died over it. */
  readonly deaths: number;
  /** How often its job was begun, this time included. */
  readonly starts: number;
  /** What the call begins with when its agent has asked before, and how many answers that makes. */
  readonly answered?: AgentAnswer & { readonly round: number };
  readonly signal: AbortSignal;
};

/** A claim of a task that owns it. */
export type Claimed = {
  readonly work: Work;
  readonly claim: OwnedClaim;
  readonly entry: Entry;
  /** How often it has claimed before because it was its turn to decide again: that is no sign of a task that ends its workers. */
  readonly looks?: number;
  /** It has waited for a slot too long. */
  readonly isOverdue?: boolean;
};

/** One of an agent's task, begun at `beganAt` of the monotonic clock. */
export type Attempt = Claimed & {
  /** The agent that was announced with the claim; undefined when no healthy one was known. */
  readonly announced: AgentDescriptor | undefined;
  /** Unique to the attempt: in whose name it holds slots. */
  readonly holder: string;
  /** Leave to call the announced agent. */
  readonly permit: Permit | undefined;
  /** Every permit it holds. Whoever holds the attempt disposes of them, once what came of its call is noted. */
  readonly holds: AsyncDisposableStack;
  /** Undefined when its call costs its run nothing. Whoever holds the attempt disposes of it. */
  readonly purse: Purse | undefined;
  readonly beganAt: number;
};

/**
 * Why there is none: what the claim found; or `poor`: what is left of the budget is set aside for other calls; or `full`: every agent
 * that could be called has all its slots taken; or `early`: a branch of its join has no result, although its job waits for nothing more.
 */
export type NoAttempt =
  | Exclude<Claim, OwnedClaim>
  | { readonly state: 'poor' }
  | { readonly state: 'full'; readonly delayMs: number }
  | { readonly state: 'early' };

/** What a task begins with: the dependencies that are its inputs, those that must have completed first, and how many they are. */
export type Entry = { readonly inputs: readonly string[]; readonly needed: number; readonly admission: Admission };

/**
 * A join's release says what its inputs are, and whether it may run at all; every other task has all of its dependencies. Undefined for
 * a join that cannot be released yet.
 */
async function openEntry({ tools, data }: Work): Promise<Entry | undefined> {
  const { task, needs, run_id } = data;
  if (task.join === undefined) {
    const inputs = [...needs, ...task.depends_on.filter((id) => !needs.includes(id))];
    return { inputs, needed: needs.length, admission: 'run' };
  }
  const release = await closeJoin(tools.flow.store, run_id, task.task_id);
  if (release === undefined) return undefined;
  const inputs = task.depends_on.filter((id) => !release.late.includes(id));
  return { inputs, needed: 0, admission: admitJoin(task, release) };
}

/**
 * Claims an epoch of a task of any kind: what its dependencies gave, and whether it may go on with that. One that says that it starts
 * begins the time of the joins it feeds.
 */
export async function claimWork(
  work: Work,
  { token, announce }: { readonly token: string; readonly announce: readonly Announcement[] },
): Promise<Claimed | NoAttempt> {
  const entry = await openEntry(work);
  if (entry === undefined) return { state: 'early' };
  const claim = await claimTask(work.tools.flow.store, {
    run: work.data.run_id,
    task: work.data.task.task_id,
    token,
    dependencies: entry.inputs,
    needed: entry.admission === 'run' ? entry.needed : -1,
    announce,
    ...(work.data.whole_inputs && { wholeInputs: true }),
  });
  if (!('epoch' in claim)) return claim;
  if (claim.state === 'started' && announce.length > 0) await beginJoins(work.tools.flow, work.data);
  return { work, claim, entry };
}

/**
 * Claims an epoch for the next call. The agent is chosen before, from what the registry knows without a round trip, so that one
 * script can say both that the task started and who was chosen. A settled task gives its claim only; one that has to wait for money,
 * or for a slot, raises no epoch and says nothing.
 */
export async function beginAttempt(work: Work, failed: readonly string[]): Promise<Attempt | NoAttempt> {
  const { tools, data } = work;
  const token = randomUUID();
  const holder = `${data.run_id}.${data.task.task_id}.${token}`;
  const choice = await tools.chooser.take({ task: neededBy(work), failed, holder });
  const { agent: announced, permit } = choice.taken ?? {};
  await using holds = new AsyncDisposableStack();
  if (permit !== undefined) holds.use(permit);
  const patience = permit === undefined && choice.full.length > 0 ? await slotPatience(work) : undefined;
  if (patience !== undefined && patience > 0)
    return { state: 'full', delayMs: Math.min(patience, tools.chooser.slotWaitMs(choice.full, tools.random())) };
  if (patience !== undefined) return claimOverdue(work, token);
  const purse = await setAside(tools.flow.store, {
    data,
    call: token,
    agents: choice.eligible,
    price: tools.spawner.price,
  });
  if (purse === 'wait') return { state: 'poor' };
  const told = { worker: tools.worker, description: data.task.description };
  const announce = purse?.filled === false ? [] : announcements(announced, choice, told);
  const claimed = await claimWork(work, { token, announce });
  if ('claim' in claimed)
    return { ...claimed, announced, holder, permit, holds: holds.move(), purse, beganAt: performance.now() };
  await purse?.[Symbol.asyncDispose]();
  return claimed;
}

/** Milliseconds for which a task that finds all slots taken still waits for one; undefined when its run does not let it begin anyway. */
async function slotPatience({ tools, data: { run_id: run, task } }: Work): Promise<number | undefined> {
  const waitedMs = await noteWait(tools.flow.store, { run, task: task.task_id });
  return waitedMs === undefined ? undefined : (task.timeout_ms ?? limits.waitMs) - waitedMs;
}

/** The claim of a task that has waited for a slot as long as its time limit says: nobody is called, and it fails. */
async function claimOverdue(work: Work, token: string): Promise<Attempt | NoAttempt> {
  const claimed = await claimWork(work, { token, announce: [] });
  if (!('claim' in claimed)) return claimed;
  const held = { announced: undefined, holder: token, permit: undefined, purse: undefined };
  return { ...claimed, ...held, holds: new AsyncDisposableStack(), isOverdue: true, beganAt: performance.now() };
}

/** What the task asks of agents: as urgent as its run, unless it says otherwise. */
export function neededBy({ data, priority }: Pick<Work, 'data' | 'priority'>): RankedTask {
  const task = { ...data.task, run_id: data.run_id };
  return task.priority === undefined && isUrgent(priority) ? { ...task, priority: 'high' } : task;
}

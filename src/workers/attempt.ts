import { randomUUID } from 'node:crypto';
import type { AgentCall, AgentEvent } from '../agents/call.ts';
import type { AgentDescriptor } from '../contracts/agent.ts';
import type { FailureReport } from '../contracts/error.ts';
import type { EventDetail } from '../contracts/event.ts';
import { ORCHESTRATOR } from '../contracts/ids.ts';
import type { JobRef, TaskJob } from '../contracts/job.ts';
import { type Announcement, type Claim, claimTask } from '../journal/claim.ts';
import type { Store } from '../journal/store.ts';
import { neededInputs } from '../plan/dependencies.ts';
import type { Chooser } from '../registry/choose.ts';
import type { Ranking } from '../registry/rank.ts';

export type Invocation = { readonly agent: AgentDescriptor; readonly call: AgentCall; readonly signal: AbortSignal };

export type TaskTools = {
  readonly store: Store;
  readonly chooser: Chooser;
  readonly invoke: (invocation: Invocation) => AsyncIterable<AgentEvent>;
  /** 0 to 1, for the jitter of retries. */
  readonly random: () => number;
  readonly report: FailureReport;
};

/** One task in work: its job, and the signal of whatever ends it from outside. */
export type Work = {
  readonly tools: TaskTools;
  readonly data: TaskJob;
  readonly job: JobRef;
  readonly signal: AbortSignal;
};

/** One claim of a task that owns it, begun at `beganAt` of the monotonic clock. */
export type Attempt = {
  readonly work: Work;
  readonly claim: Exclude<Claim, { state: 'settled' }>;
  /** The agent that was announced with the claim; undefined when no healthy one was known. */
  readonly announced: AgentDescriptor | undefined;
  readonly beganAt: number;
};

/**
 * Claims an epoch for the next call. The agent is ranked before, from what the registry knows without a round trip, so that one
 * script can say both that the task started and who was chosen. A settled task gives its claim only.
 */
export async function beginAttempt(
  work: Work,
  failed: readonly string[],
): Promise<Attempt | Extract<Claim, { state: 'settled' }>> {
  const { task, run_id } = work.data;
  const ranking = await work.tools.chooser.now({ task, failed });
  const announced = ranking.eligible[0];
  const claim = await claimTask(work.tools.store, {
    run: run_id,
    task: task.task_id,
    token: randomUUID(),
    dependencies: task.depends_on,
    needed: neededInputs(task),
    announce: announcements(announced, ranking, task.description),
  });
  return claim.state === 'settled' ? claim : { work, claim, announced, beganAt: performance.now() };
}

function announcements(agent: AgentDescriptor | undefined, ranking: Ranking, task: string): readonly Announcement[] {
  const started = { name: 'task.started', detail: {} } as const;
  if (agent === undefined) return [{ ...started, agent_id: ORCHESTRATOR, data: `Waiting for an agent: ${task}` }];
  const { agent_id } = agent;
  return [
    { ...started, agent_id, data: `Connecting to ${agent.name}...` },
    { ...selection(agent, ranking), agent_id },
  ];
}

/** The event that says which agent was chosen, out of which, and why not the others. */
export function selection(agent: AgentDescriptor, { candidates }: Ranking) {
  const detail: EventDetail<'agent.selected'> = { agent_id: agent.agent_id, candidates: [...candidates] };
  return { name: 'agent.selected', data: `Selected ${agent.name}`, detail } as const;
}

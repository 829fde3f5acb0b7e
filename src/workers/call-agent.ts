import { type AgentCall, idleLimits } from '../agents/call.ts';
import { toPayload } from '../agents/payload.ts';
import type { AgentDescriptor } from '../contracts/agent.ts';
import { BatonError } from '../contracts/error.ts';
import { defaults } from '../contracts/limits.ts';
import type { DependencyContext } from '../contracts/payload.ts';
import type { TaskResult } from '../contracts/result.ts';
import type { Ranking } from '../registry/rank.ts';
import { openPublisher } from '../streams/publisher.ts';
import { type Attempt, selection } from './attempt.ts';
import { type Deadline, openDeadline } from './deadline.ts';
import { deliver } from './deliver.ts';
import { completedResult, type Delivery } from './task-result.ts';

/** A death of a worker is no proof: it had other tasks too. From the second one on a task is called where it can harm no other. */
const SUSPECT_DEATHS = 2;

/** What came of an attempt: a result to settle with, or a failed call and whose it was. */
export type Outcome =
  | { readonly kind: 'result'; readonly result: TaskResult; readonly agent?: AgentDescriptor }
  | { readonly kind: 'failure'; readonly error: BatonError; readonly agent: AgentDescriptor | undefined };

/** Calls the best agent for an attempt under one signal: cancel, lost lock, drain, the task's deadline, a newer attempt. */
export async function callBestAgent(attempt: Attempt): Promise<Outcome> {
  const { work, claim, beganAt } = attempt;
  const { task } = work.data;
  using deadline = openDeadline(timeLeftMs(attempt), 'task_timeout');
  deadline.follow(work.signal);
  const { signal } = deadline;
  let agent: AgentDescriptor | undefined;
  try {
    const choice = await confirmAgent(attempt, signal);
    agent = choice.agent;
    const delivery = await callAndPublish(attempt, choice, deadline);
    const latencyMs = performance.now() - beganAt;
    const result = completedResult({ task: task.task_id, epoch: claim.epoch, agent, latencyMs }, delivery);
    return { kind: 'result', result, agent };
  } catch (thrown) {
    return { kind: 'failure', agent, error: BatonError.from(signal.aborted ? signal.reason : thrown) };
  }
}

/** Milliseconds until the time limit of the whole task; below zero when it has passed. */
export function timeLeftMs({ work, claim, beganAt }: Attempt): number {
  const { timeout_ms = defaults.taskTimeoutMs } = work.data.task;
  return timeout_ms - claim.elapsedMs - (performance.now() - beganAt);
}

/** An agent, and how it was chosen when that has not been announced with the claim. */
type Choice = { readonly agent: AgentDescriptor; readonly ranking: Ranking | undefined };

/** The announced agent, unless the journal knows that it failed for this task: then, or when none was known, one is waited for and told. */
async function confirmAgent({ work, claim, announced }: Attempt, signal: AbortSignal): Promise<Choice> {
  const isFresh = announced !== undefined && !claim.failedAgents.includes(announced.agent_id);
  if (isFresh) return { agent: announced, ranking: undefined };
  const { task } = work.data;
  const ranking = await work.tools.chooser.wait({ task, failed: claim.failedAgents }, signal);
  const agent = ranking.eligible[0];
  if (agent === undefined) throw noAgent(task.required_capability, ranking);
  return { agent, ranking };
}

async function callAndPublish(attempt: Attempt, { agent, ranking }: Choice, deadline: Deadline): Promise<Delivery> {
  const { work, claim } = attempt;
  // Without the signal: it ends the agent's call, but a delivery that is whole shall be recorded, whatever else has happened
  // since. Only the epoch decides whether this attempt may still write.
  const publisher = openPublisher({
    store: work.tools.flow.store,
    run: work.data.run_id,
    task: work.data.task.task_id,
    agent: agent.agent_id,
    epoch: claim.epoch,
  });
  try {
    if (ranking !== undefined) await publisher.publish(selection(agent, ranking));
    const call = callOf(attempt, agent);
    deadline.follow(publisher.lost);
    const { idle_timeout_ms } = work.data.task;
    const limits = idle_timeout_ms === undefined ? {} : idleLimits(idle_timeout_ms);
    const invoke = work.deaths < SUSPECT_DEATHS ? work.tools.invoke : work.tools.isolate;
    const events = invoke({ agent, call, limits, signal: deadline.signal });
    return await deliver({ agent, events, publisher });
  } catch (thrown) {
    throw publisher.lost.aborted ? publisher.lost.reason : thrown;
  } finally {
    publisher.close();
  }
}

function noAgent(capability: string, { candidates }: Ranking): BatonError {
  const reasons = candidates.slice(0, 5).map(({ agent_id, reason }) => `${agent_id}: ${reason}`);
  const why = reasons.length === 0 ? 'none is registered' : reasons.join('; ');
  return new BatonError('no_suitable_agent', `No agent can take this task (${capability}): ${why}.`);
}

function callOf({ work, claim }: Attempt, agent: AgentDescriptor): AgentCall {
  const { task, run_id } = work.data;
  const dependencies = new Map([...claim.inputs].map(([id, result]) => [id, contextOf(result)]));
  return {
    runId: run_id,
    taskId: task.task_id,
    attempt: claim.epoch,
    idempotencyKey: `${run_id}.${task.task_id}`,
    payload: toPayload({ task, agent, dependencies }),
  };
}

function contextOf(result: TaskResult | undefined): DependencyContext {
  if (result === undefined) return { status: 'missing', response: null, error: null };
  const completed = result.status === 'completed';
  return { status: result.status, response: completed ? result.response : null, error: result.error?.message ?? null };
}

import type { AgentCall, AgentQuestion } from '../agents/call.ts';
import { toPayload } from '../agents/payload.ts';
import type { AgentDescriptor } from '../contracts/agent.ts';
import { BatonError } from '../contracts/error.ts';
import { defaults } from '../contracts/limits.ts';
import type { DependencyContext } from '../contracts/payload.ts';
import type { TaskResult } from '../contracts/result.ts';
import { loadStateOf } from '../journal/load-state.ts';
import type { Attempt } from './attempt.ts';
import { filingOf, takeCached } from './cached-call.ts';
import { type Choice, confirmAgent } from './choice.ts';
import { type Called, noteAnswer } from './count-call.ts';
import { type Deadline, openDeadline } from './deadline.ts';
import { callAndPublish } from './published-call.ts';
import { completedResult } from './task-result.ts';

/** What came of an attempt: a result to settle with, a question to a human, or a failed call and whose it was. */
export type Outcome = Answer | Question | Failure;

/** `called` is the call that was made for it; with `filing` the result may be filed in the cache. */
export type Answer = {
  readonly kind: 'result';
  readonly result: TaskResult;
  readonly agent?: AgentDescriptor;
  readonly called?: Called;
  readonly filing?: string | undefined;
};

export type Question = {
  readonly kind: 'question';
  readonly question: AgentQuestion;
  readonly agent: AgentDescriptor;
  readonly called: Called;
};

/** `called` is the call that failed; undefined when none was made. */
export type Failure = {
  readonly kind: 'failure';
  readonly error: BatonError;
  readonly called: Called | undefined;
};

/** Calls the best agent for an attempt under one signal: cancel, lost lock, drain, the task's deadline, a newer attempt. */
export async function callBestAgent(attempt: Attempt): Promise<Outcome> {
  using deadline = openDeadline(timeLeftMs(attempt), 'task_timeout');
  deadline.follow(attempt.work.signal);
  const last: Leading = {};
  try {
    const choice = await confirmAgent(attempt, deadline.signal);
    const state = await loadSharedState(attempt);
    const call = (agent: AgentDescriptor) => callOf(attempt, agent, state);
    const filing = filingOf(attempt.work, choice.agent, () => call(choice.agent));
    const cached = filing === undefined ? undefined : await takeCached(attempt, choice, filing);
    if (cached !== undefined) return { kind: 'result', result: cached, agent: choice.agent };
    return await callChosen(attempt, { choice, filing, deadline, last, callOf: call });
  } catch (thrown) {
    const error = BatonError.from(deadline.signal.aborted ? deadline.signal.reason : thrown);
    return { kind: 'failure', error, called: last.called };
  }
}

/** Whose call it is. */
type Leading = { called?: Called };

type Calling = {
  readonly choice: Choice;
  readonly filing: string | undefined;
  readonly deadline: Deadline;
  readonly last: Leading;
  readonly callOf: (agent: AgentDescriptor) => AgentCall;
};

async function callChosen(attempt: Attempt, calling: Calling): Promise<Answer | Question> {
  const { choice, filing, deadline, last, callOf } = calling;
  const { work, claim, beganAt } = attempt;
  const onLead = (called: Called): void => {
    last.called = called;
  };
  const delivery = await callAndPublish(attempt, {
    choice,
    deadline,
    onLead,
    callOf,
  });
  const endedAt = performance.now();
  const called = { ...(last.called ?? { ...choice, beganAt }), endedAt };
  const { agent } = called;
  await noteAnswer(work, called);
  if (delivery.question !== undefined) return { kind: 'question', question: delivery.question, agent, called };
  const attempted = { task: work.data.task.task_id, epoch: claim.epoch, agent, latencyMs: endedAt - beganAt };
  // What another agent said is not filed as this one's.
  const own = agent === choice.agent ? { filing } : {};
  return { kind: 'result', result: completedResult(attempted, delivery), agent, called, ...own };
}

/** Milliseconds until the time limit of the whole task; below zero when it has passed. */
export function timeLeftMs({ work, claim, beganAt }: Attempt): number {
  const { timeout_ms = defaults.taskTimeoutMs } = work.data.task;
  return timeout_ms - claim.elapsedMs - (performance.now() - beganAt);
}

/** Values of the run's shared state that the task names; undefined when it names none. */
type State = Readonly<Record<string, unknown>> | undefined;

function loadSharedState({ work }: Attempt): Promise<Exclude<State, undefined>> | undefined {
  const { task, run_id } = work.data;
  return task.state && loadStateOf(work.tools.flow.store, run_id, task.state);
}

function callOf({ work, claim }: Attempt, agent: AgentDescriptor, state: State): AgentCall {
  const { task, run_id } = work.data;
  const { text, resume } = work.answered ?? {};
  const answer = text === undefined || resume === undefined ? undefined : { text, resume };
  const dependencies = new Map([...claim.inputs].map(([id, result]) => [id, contextOf(result)]));
  return {
    runId: run_id,
    taskId: task.task_id,
    attempt: claim.epoch,
    idempotencyKey: `${run_id}.${task.task_id}`,
    payload: { ...toPayload({ task, agent, dependencies, state }), ...(answer && { human_answer: answer }) },
    ...(answer && { answer }),
  };
}

function contextOf(result: TaskResult | undefined): DependencyContext {
  if (result === undefined) return { status: 'missing', response: null, error: null };
  const completed = result.status === 'completed';
  return { status: result.status, response: completed ? result.response : null, error: result.error?.message ?? null };
}

import type { AgentDescriptor } from '../contracts/agent.ts';
import { BatonError } from '../contracts/error.ts';
import { ORCHESTRATOR } from '../contracts/ids.ts';
import type { TaskResult } from '../contracts/result.ts';
import { signOf } from '../registry/outcome.ts';
import type { CalledFor } from '../registry/outcomes.ts';
import type { Permit } from '../registry/permit.ts';
import type { Work } from './attempt.ts';

/** A call of an agent, from and to the monotonic clock's times. */
export type Called = {
  readonly agent: AgentDescriptor;
  readonly permit: Permit;
  readonly beganAt: number;
  /** Undefined for one that failed: how long that took says nothing of the agent. */
  readonly endedAt?: number;
  /** The other call of a hedged task, when that failed before this one was decided. */
  readonly beside?: FailedCall | undefined;
};

export type FailedCall = { readonly called: Called; readonly error: BatonError };

/** What came of a call: its task's result, or why it failed; neither for a call that ended with a question. */
export type CallEnd = { readonly result?: TaskResult; readonly error?: BatonError };

/**
 * Adds a call to its agent's record and history, and tells its breaker. Only for a call whose outcome counted: one of a stale attempt changes no
 * score (guarantees I9). Never rejects: a record is beside the task.
 */
export async function countCall(work: Work, called: Called | undefined, end: CallEnd): Promise<void> {
  if (called === undefined) return;
  const { error } = end;
  const { agent, permit, beganAt, endedAt = beganAt, beside } = called;
  if (beside !== undefined) await countCall(work, beside.called, { error: beside.error });
  work.tools.outcomes.record({ agent, latencyMs: endedAt - beganAt, error: error?.code, work: calledFor(work, end) });
  const sign = signOf(agent, error?.code);
  // A good answer has been told as it came.
  if (error !== undefined && sign !== undefined) await permit.judge(sign.serves).catch(reporterOf(work));
}

/** A call that ended with a question has done no work yet. */
function calledFor({ data }: Work, { result, error }: CallEnd): CalledFor | undefined {
  if (result === undefined && error === undefined) return undefined;
  const { confidence = null, cost = null, usage = null } = result ?? {};
  return { capability: data.task.required_capability, confidence, cost, tokens: usage?.total_tokens ?? null };
}

/** Tells the breaker that an agent has answered, whoever's the task is by now: it serves. Never rejects. */
export function noteAnswer(work: Work, { permit }: Called): Promise<void> {
  return permit.judge(true).catch(reporterOf(work));
}

/** Whose calls failed, once per call, when an attempt did; the orchestrator's own when nobody was called. */
export function failedBy(called: Called | undefined): readonly [string, ...string[]] {
  const failed = called?.agent.agent_id ?? ORCHESTRATOR;
  return called?.beside === undefined ? [failed] : [failed, called.beside.called.agent.agent_id];
}

/** Hears of what failed beside a task and does not concern its result. */
export function reporterOf({ tools, data }: Work): (thrown: unknown) => void {
  return (thrown) => tools.report({ run: data.run_id, task: data.task.task_id, error: BatonError.from(thrown) });
}

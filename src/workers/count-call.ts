import type { AgentDescriptor } from '../contracts/agent.ts';
import { BatonError } from '../contracts/error.ts';
import { signOf } from '../registry/outcome.ts';
import type { Permit } from '../registry/permit.ts';
import type { TaskTools, Work } from './attempt.ts';

/** A call of an agent, from and to the monotonic clock's times. */
export type Called = {
  readonly agent: AgentDescriptor;
  readonly permit: Permit;
  readonly beganAt: number;
  /** Undefined for one that failed: how long that took says nothing of the agent. */
  readonly endedAt?: number;
};

/**
 * Adds a call to its agent's record and tells its breaker. Only for a call whose outcome counted: one of a stale attempt changes no
 * score (guarantees I9). `error` is undefined for a good answer.
 */
export async function countCall(tools: TaskTools, called: Called | undefined, error?: BatonError): Promise<void> {
  if (called === undefined) return;
  const { agent, permit, beganAt, endedAt = beganAt } = called;
  tools.outcomes.record({ agent, latencyMs: endedAt - beganAt, error: error?.code });
  const sign = signOf(agent, error?.code);
  // A good answer has been told as it came.
  if (error !== undefined && sign !== undefined) await permit.judge(sign.serves);
}

/** Hears of what failed beside a task and does not concern its result. */
export function reporterOf({ tools, data }: Work): (thrown: unknown) => void {
  return (thrown) => tools.report({ run: data.run_id, task: data.task.task_id, error: BatonError.from(thrown) });
}

import type { AgentDescriptor } from '../contracts/agent.ts';
import type { BatonError } from '../contracts/error.ts';
import { ORCHESTRATOR } from '../contracts/ids.ts';
import type { TaskOutcome, TaskResult, Usage } from '../contracts/result.ts';
import { costOf } from '../plan/price.ts';

/** What an agent delivered, folded from its events. */
export type Delivery = {
  readonly response: string;
  readonly confidence: number | null;
  readonly usage: Usage | null;
  readonly truncated: boolean;
};

export type Attempted = {
  readonly task: string;
  readonly epoch: number;
  readonly agent: AgentDescriptor | undefined;
  readonly latencyMs: number;
};

/** A task's result when its agent delivered. */
export function completedResult(attempted: Attempted, delivery: Delivery): TaskResult {
  const cost = costOf(delivery.usage, attempted.agent?.price);
  return { ...head(attempted, 'completed'), ...delivery, cost, error: null };
}

/** A task's result when it failed or was skipped, with the reason. */
export function unfinishedResult(attempted: Attempted, status: 'failed' | 'skipped', reason: BatonError): TaskResult {
  const nothing: Delivery = { response: '', confidence: null, usage: null, truncated: false };
  return { ...head(attempted, status), ...nothing, cost: null, error: reason.toRecord() };
}

function head({ task, epoch, agent, latencyMs }: Attempted, status: TaskOutcome) {
  return {
    task_id: task,
    agent_id: agent?.agent_id ?? ORCHESTRATOR,
    status,
    success: status === 'completed',
    streaming_mode: agent?.streaming_mode ?? null,
    latency_ms: Math.round(latencyMs * 10) / 10,
    attempts: epoch,
  };
}

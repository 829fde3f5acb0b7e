import type { AgentQuestion } from '../agents/call.ts';
import type { AgentDescriptor } from '../contracts/agent.ts';
import type { BatonError } from '../contracts/error.ts';
import { ORCHESTRATOR } from '../contracts/ids.ts';
import { type TaskResult, type Usage, unfinishedTask } from '../contracts/result.ts';
import { costOf } from '../plan/price.ts';

/** What an agent delivered, folded from its events. */
export type Delivery = {
  readonly response: string;
  readonly confidence: number | null;
  readonly usage: Usage | null;
  readonly truncated: boolean;
  /** What it asks in place of all that. */
  readonly question?: AgentQuestion;
  readonly quality?: number | undefined;
  readonly warning?: string | undefined;
};

export type Attempted = {
  readonly task: string;
  readonly epoch: number;
  readonly agent: AgentDescriptor | undefined;
  readonly latencyMs: number;
};

/** A task's result when its agent delivered. */
export function completedResult(attempted: Attempted, delivery: Delivery): TaskResult {
  const { agent } = attempted;
  const cost = costOf(delivery.usage, agent?.price);
  const streaming_mode = agent?.streaming_mode ?? null;
  return { ...headOf(attempted), ...delivery, status: 'completed', success: true, streaming_mode, cost, error: null };
}

/** A task's result when it failed or was skipped, with the reason. */
export function unfinishedResult(attempted: Attempted, status: 'failed' | 'skipped', reason: BatonError): TaskResult {
  const result = unfinishedTask(headOf(attempted), status, reason.toRecord());
  return { ...result, streaming_mode: attempted.agent?.streaming_mode ?? null };
}

function headOf({ task, epoch, agent, latencyMs }: Attempted) {
  const agent_id = agent?.agent_id ?? ORCHESTRATOR;
  return { task_id: task, agent_id, attempts: epoch, latency_ms: Math.round(latencyMs * 10) / 10 };
}

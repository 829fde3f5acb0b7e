import { type AgentDescriptor, isSelfContained } from '../contracts/agent.ts';
import type { ErrorCode } from '../contracts/error.ts';

/** What a call shows of its agent: whether it gave a good answer, and whether it serves at all, which is what its breaker asks. */
export type Sign = { readonly good: boolean; readonly serves: boolean };

/** Errors that are the agent's own. A busy one serves, and says so: that costs it rank and opens no breaker. */
const ownFailures: ReadonlySet<ErrorCode> = new Set([
  'agent_timeout',
  'agent_unreachable',
  'agent_failed',
  'agent_incomplete',
  'agent_protocol',
  'output_too_large',
  'worker_died',
]);

/**
 * What the end of a call shows of its agent, undefined when it shows nothing: a request that was ours to get right (agent_rejected), a
 * cancel, a lost lock, a drain, the task's own time limit. A text without a server has no record.
 */
export function signOf(agent: AgentDescriptor, error: ErrorCode | undefined): Sign | undefined {
  if (isSelfContained(agent)) return undefined;
  if (error === undefined) return { good: true, serves: true };
  if (error === 'agent_busy') return { good: false, serves: true };
  return ownFailures.has(error) ? { good: false, serves: false } : undefined;
}

import type { TaskStatus } from '@a2a-js/sdk';
import { BatonError } from '../contracts/error.ts';
import { limits } from '../contracts/limits.ts';
import { textOf } from './a2a-text.ts';
import { toAgentFailure } from './frame.ts';

/** Where a task stands, as far as its caller has to tell apart. */
export type A2aStage = 'open' | 'completed' | 'failed' | 'canceled' | 'rejected' | 'input' | 'auth';

/** By the numbers of the protocol's TaskState: the SDK's enum is loaded with the SDK. */
const stages: Readonly<Record<number, A2aStage>> = {
  1: 'open',
  2: 'open',
  3: 'completed',
  4: 'failed',
  5: 'canceled',
  6: 'input',
  7: 'rejected',
  8: 'auth',
};

/** Throws agent_protocol for a state that the protocol does not have. */
export function stageOf({ state }: TaskStatus, peer: string): A2aStage {
  const stage = stages[state];
  if (stage !== undefined) return stage;
  throw new BatonError('agent_protocol', `${peer} says of its task what A2A does not know.`);
}

/**
 * The error of a task that ended badly, with the agent's words: agent_rejected when it will not do it, else agent_failed. So is a task
 * that somebody else has cancelled there: another agent, or this one another time, may still do it.
 */
export function failureOf(stage: 'failed' | 'canceled' | 'rejected', status: TaskStatus, peer: string): BatonError {
  const words = textOf(status.message).slice(0, limits.errorChars);
  if (stage === 'failed') return toAgentFailure(words || null, peer);
  if (stage === 'canceled') return toAgentFailure(`its task was cancelled. ${words}`.trimEnd(), peer);
  return new BatonError('agent_rejected', `${peer} refused the task${words === '' ? '.' : `: ${words}`}`);
}

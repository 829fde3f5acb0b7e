import { BatonError } from '../contracts/error.ts';
import { limits } from '../contracts/limits.ts';
import { causesOf } from '../outbound/causes.ts';
import { toAgentFailure } from './frame.ts';

/** Reasons of A2A's errors that say something of the agent's state; every other one refuses the request itself. */
const failures: ReadonlySet<string> = new Set(['INTERNAL_ERROR', 'INVALID_AGENT_RESPONSE']);

/**
 * What the SDK threw, as one of our errors: an error of the protocol is agent_failed when the agent broke down over it and
 * agent_rejected otherwise; anything else is an answer that is not A2A, agent_protocol. BatonErrors pass, also as a cause.
 */
export function toA2aFailure(thrown: unknown, peer: string): BatonError {
  const causes = causesOf(thrown);
  const ours = causes.find((error) => error instanceof BatonError);
  if (ours !== undefined) return ours;
  // The SDK's texts may hold whole answers.
  const cause = new Error((causes[0]?.message ?? String(thrown)).slice(0, limits.errorChars));
  const told = causes.find((error) => reasonOf(error) !== undefined);
  if (told !== undefined) return toToldFailure(told, peer, cause);
  return new BatonError('agent_protocol', `${peer} did not answer as A2A has it.`, { cause });
}

function toToldFailure(told: Error, peer: string, cause: Error): BatonError {
  if (failures.has(reasonOf(told) ?? '')) return toAgentFailure(told.message, peer, cause);
  return new BatonError('agent_rejected', `${peer} refused: ${told.message.slice(0, limits.errorChars)}`, { cause });
}

/** Every error of the SDK that came from the agent has a reason, as google.rpc.ErrorInfo has it. */
function reasonOf(error: Error): string | undefined {
  return 'reason' in error && typeof error.reason === 'string' ? error.reason : undefined;
}

import { BatonError } from '../contracts/error.ts';

/**
 * For a handler to throw when it cannot take the task now: 429, and baton tries another agent, or this one again after
 * `retryAfterMs` milliseconds. Only before the handler's first word: after that it is a failure like any other.
 */
export function busy(message = 'The agent has too much to do.', retryAfterMs?: number): BatonError {
  return new BatonError('agent_busy', message, { retryAfterMs });
}

/** For a handler to throw when it will never do this task: 422, and baton does not try again. The message says why. */
export function rejected(message: string): BatonError {
  return new BatonError('agent_rejected', message);
}

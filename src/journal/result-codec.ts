import { limits } from '../contracts/limits.ts';
import type { ResultEnvelope, TaskResult } from '../contracts/result.ts';

/**
 * A result as it is recorded: the envelope, and its text apart when that is too long to be copied about. Half characters become
 * U+FFFD: Redis would write them so, and Lua's JSON reader refuses their escapes.
 */
export function toEnvelope(given: TaskResult): { readonly envelope: ResultEnvelope; readonly text: string | null } {
  const error = given.error && { ...given.error, message: given.error.message.toWellFormed() };
  const result = { ...given, error, response: given.response.toWellFormed() };
  if (result.response.length <= limits.inlineResultChars)
    return { envelope: { ...result, by_reference: false }, text: null };
  return { envelope: { ...result, response: '', by_reference: true }, text: result.response };
}

/** The result that an envelope and its text stand for. */
export function toResult({ by_reference, ...result }: ResultEnvelope, text: string | null): TaskResult {
  return by_reference ? { ...result, response: text ?? '' } : result;
}

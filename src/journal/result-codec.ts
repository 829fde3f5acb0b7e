import { limits } from '../contracts/limits.ts';
import type { ResultEnvelope, TaskResult } from '../contracts/result.ts';

/** A result as it is recorded: the envelope, and its text apart when that is too long to be copied about. */
export function toEnvelope(result: TaskResult): { readonly envelope: ResultEnvelope; readonly text: string | null } {
  if (result.response.length <= limits.inlineResultChars)
    return { envelope: { ...result, by_reference: false }, text: null };
  return { envelope: { ...result, response: '', by_reference: true }, text: result.response };
}

/** The result that an envelope and its text stand for. */
export function toResult({ by_reference, ...result }: ResultEnvelope, text: string | null): TaskResult {
  return by_reference ? { ...result, response: text ?? '' } : result;
}

import { APIError } from 'openai';
import { BatonError } from '../contracts/error.ts';
import { parseRetryAfter } from '../outbound/retry-after.ts';

/** What an operator can do about a rejection, by HTTP status. */
const advice: Readonly<Record<number, string>> = {
  400: 'it may be too long for this model, or use a feature that the server lacks',
  401: 'check OPENAI_API_KEY',
  403: 'the key may not use this model',
  404: 'check the model name and OPENAI_BASE_URL',
  413: 'it is too large for this server',
};

function isTransient(status: number): boolean {
  return status === 408 || status === 429 || status >= 500;
}

/**
 * What a call of the model threw, as one of ours, with the wait that a busy server asks for. The server's own words stay in
 * `cause`: they may name keys or accounts.
 */
export function modelErrorOf(thrown: unknown, model: string): BatonError {
  // Of an answer that broke off: the client of agents calls the model too.
  if (thrown instanceof BatonError && !thrown.code.startsWith('agent_')) return thrown;
  const status = thrown instanceof APIError ? thrown.status : undefined;
  if (status === undefined) {
    return new BatonError('model_unavailable', `The model "${model}" could not be reached, or broke off.`, {
      cause: thrown,
    });
  }
  if (isTransient(status)) {
    return new BatonError('model_unavailable', `The model "${model}" does not answer now (HTTP ${status}).`, {
      cause: thrown,
      retryAfterMs: retryAfterOf(thrown),
    });
  }
  const hint = advice[status] ?? "see the log for the server's reason";
  return new BatonError('model_rejected', `The model "${model}" refused the request (HTTP ${status}): ${hint}.`, {
    cause: thrown,
  });
}

function retryAfterOf(thrown: unknown): number | undefined {
  const headers = thrown instanceof APIError ? thrown.headers : undefined;
  return parseRetryAfter((name) => headers?.get(name) ?? null, Date.now());
}

import { type ServerResponse, STATUS_CODES } from 'node:http';
import { BatonError, type ErrorCode, errorCatalogue, type Problem } from '../../contracts/error.ts';
import { limits } from '../../contracts/limits.ts';

/** What the table has for baton, which is a gateway to agents, and what the agent itself answers. */
const ownStatus: Readonly<Partial<Record<ErrorCode, number>>> = {
  agent_rejected: 422,
  agent_failed: 500,
  agent_protocol: 500,
  output_too_large: 500,
};
/** Seconds to stay away when an error that passes does not say how long. */
const AFTER_SECONDS = 1;

/** The HTTP status with which a served agent answers an error. */
export function statusOf(error: BatonError): number {
  return ownStatus[error.code] ?? errorCatalogue[error.code].status;
}

/** Anything a handler threw, as one of ours; its words are the agent's own and go to the caller. */
export function toAgentError(thrown: unknown): BatonError {
  return thrown instanceof BatonError ? thrown : new BatonError('agent_failed', accountOf(thrown), { cause: thrown });
}

/** What a handler's failure says to its caller, clipped. */
export function accountOf(thrown: unknown): string {
  return (thrown instanceof Error ? thrown.message : String(thrown)).slice(0, limits.errorChars);
}

/** RFC 9457 problem details; `instance` is the path that was called. */
export function toProblem(error: BatonError, instance: string): Problem {
  const status = statusOf(error);
  return {
    type: `urn:baton:problem:${error.code}`,
    title: STATUS_CODES[status] ?? errorCatalogue[error.code].text,
    status,
    detail: accountOf(error),
    instance,
    code: error.code,
    errors: [...error.faults],
  };
}

/** Answers with problem details, unless an answer has begun or nobody is there to read one. */
export function sendProblem(response: ServerResponse, error: BatonError, path: string): void {
  if (response.headersSent || response.destroyed) return;
  const problem = toProblem(error, path);
  const after = retryAfter(error, problem.status);
  response.writeHead(problem.status, {
    'content-type': 'application/problem+json',
    ...(after === null ? {} : { 'retry-after': String(after) }),
    ...(error.code === 'unauthorized' ? { 'www-authenticate': 'Bearer' } : {}),
  });
  response.end(JSON.stringify(problem), () => endSender(response));
}

/** How long a caller has to read its refusal, in milliseconds: closing at once, as "connection: close" does, could take the answer from it. */
const LINGER_MS = 1_000;

/** A caller that goes on sending a body which nobody wants loses its connection. */
function endSender({ req: request }: ServerResponse): void {
  if (request.complete || request.destroyed) return;
  const timer = setTimeout(() => request.destroy(), LINGER_MS).unref();
  request.once('close', () => clearTimeout(timer));
}

function retryAfter({ retryAfterMs }: BatonError, status: number): number | null {
  if (retryAfterMs !== undefined) return Math.max(1, Math.ceil(retryAfterMs / 1_000));
  return status === 429 || status === 503 ? AFTER_SECONDS : null;
}

import type { ErrorRequestHandler, RequestHandler, Response } from 'express';
import { BatonError, type ErrorCode, errorCatalogue, type Problem } from '../contracts/error.ts';
import { toRequestError } from './request-error.ts';
import { requestIdOf } from './request-id.ts';
import type { Log } from './tools.ts';

/** Faults in one answer: a body of 1 MB can have a fault per byte. */
const FAULTS_SHOWN = 100;
const RETRY_AFTER_SECONDS = 1;

/** An error as RFC 9457 problem details; `instance` names the request, as the log does. */
export function toProblem(error: BatonError, requestId: string): Problem {
  const { status, text } = errorCatalogue[error.code];
  return {
    type: `urn:baton:problem:${error.code}`,
    title: text,
    status,
    // What is not ours keeps its words for the log.
    detail: error.code === 'internal' ? text : error.message,
    instance: `urn:baton:request:${requestId}`,
    code: error.code,
    errors: error.faults.slice(0, FAULTS_SHOWN).map(({ path, message }) => ({ path, message })),
  };
}

/** Answers with a problem. An error that passes says when to come back. */
function sendProblem(response: Response, error: BatonError): void {
  const problem = toProblem(error, requestIdOf(response));
  if (comesBack(error.code) && !response.hasHeader('Retry-After'))
    response.set('Retry-After', `${RETRY_AFTER_SECONDS}`);
  response.status(problem.status).type('application/problem+json').send(JSON.stringify(problem));
}

function comesBack(code: ErrorCode): boolean {
  const { status, retry } = errorCatalogue[code];
  return retry && (status === 503 || status === 504);
}

/** For every address without a route. */
export const refuseUnknown: RequestHandler = () => {
  throw new BatonError('not_found');
};

/** The one place where a failed request is answered and, when something broke, logged. Stands last. */
export function answerErrors(log: Log): ErrorRequestHandler {
  return (thrown, request, response, _next) => {
    if (response.destroyed) return; // the client has left: nobody to answer
    const error = toRequestError(thrown);
    if (isBreakage(error)) {
      const fields = { err: error.cause ?? error, code: error.code, request_id: requestIdOf(response) };
      log.error({ ...fields, method: request.method, path: request.path }, 'request failed');
    }
    if (response.headersSent) response.destroy();
    else sendProblem(response, error);
  };
}

/** A run that failed, or is not ready, is an answer; it was logged where it failed. */
function isBreakage({ code, cause }: BatonError): boolean {
  return code === 'internal' || (errorCatalogue[code].status >= 500 && cause !== undefined);
}

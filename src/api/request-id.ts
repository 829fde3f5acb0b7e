import { randomUUID } from 'node:crypto';
import type { RequestHandler, Response } from 'express';

const HEADER = 'X-Request-Id';
/** What may go into logs and headers as it came. */
const acceptable = /^[A-Za-z0-9][A-Za-z0-9_.:-]{0,127}$/;

/** The client's own id for the request when it is harmless, else a new one. */
export function chooseRequestId(given: string | undefined): string {
  return given !== undefined && acceptable.test(given) ? given : randomUUID();
}

/** Gives each request its id, which the answer carries. */
export const nameRequest: RequestHandler = (request, response, next) => {
  response.set(HEADER, chooseRequestId(request.get(HEADER)));
  next();
};

/** The id that nameRequest gave. */
export function requestIdOf(response: Response): string {
  return response.get(HEADER) ?? '';
}

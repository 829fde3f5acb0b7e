import type { Request, Response } from 'express';
import { BatonError } from '../contracts/error.ts';
import { type EventFormat, ndjsonFormat, sseFormat } from './event-format.ts';

const JSON_TYPE = 'application/json';
/** A format of anything that has an id. */
export type StreamFormat = EventFormat<{ readonly id: string }>;

const streams: ReadonlyMap<string, StreamFormat> = new Map(
  [sseFormat, ndjsonFormat].map((format) => [format.contentType, format]),
);

/** The stream format that `Accept` prefers, server-sent events when it does not care; throws not_acceptable. */
export function chooseStream(request: Request, response: Response): StreamFormat {
  const format = streams.get(choose(request, response, [...streams.keys()]));
  return format ?? sseFormat;
}

/** The stream format that `Accept` asks for, or null: JSON, also when it does not care; throws not_acceptable. */
export function chooseStreamOrJson(request: Request, response: Response): StreamFormat | null {
  return streams.get(choose(request, response, [JSON_TYPE, ...streams.keys()])) ?? null;
}

function choose(request: Request, response: Response, types: readonly string[]): string {
  response.vary('Accept');
  const chosen = request.accepts([...types]);
  if (chosen !== false) return chosen;
  throw new BatonError('not_acceptable', `This can be sent only as ${types.join(', ')}: change the Accept header.`);
}

import type { Request, Response } from 'express';
import { BatonError } from '../contracts/error.ts';
import { checkCursor, STREAM_START } from '../streams/cursor.ts';
import { chooseStream } from './accept.ts';
import type { EventFormat } from './event-format.ts';
import { sendEvents } from './event-response.ts';
import { cursorOf } from './request-headers.ts';
import type { Handler } from './route.ts';
import { runIdOf } from './run-id.ts';
import type { Door } from './tools.ts';

export type RunStream = { readonly run: string; readonly after: string | undefined; readonly format: EventFormat };

/** GET /v1/runs/:id/events: the run's events from the first one, or from the one after the cursor; also when it has ended. */
export function showEvents(door: Door): Handler {
  return async (request: Request, response: Response) => {
    const format = chooseStream(request, response);
    const run = runIdOf(request);
    const after = cursorOf(request.get('Last-Event-ID'), request.query.after);
    await streamRun(door, response, { run, after, format });
  };
}

/**
 * Answers with a run's events. Throws run_not_found, and invalid_cursor for an id that the run has not reached; one that was
 * trimmed away gives stream.gap.
 */
export async function streamRun(door: Door, response: Response, { run, after, format }: RunStream): Promise<void> {
  const position = await checkCursor(door.flow.store, run, after ?? STREAM_START);
  if (position === 'future') throw new BatonError('invalid_cursor');
  const events = (signal: AbortSignal) => door.reader.read(run, { signal, ...(after === undefined ? {} : { after }) });
  await sendEvents(response, { format, events, draining: door.draining, log: door.log });
}

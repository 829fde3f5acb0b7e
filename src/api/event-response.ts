import { once } from 'node:events';
import type { Response } from 'express';
import { BatonError } from '../contracts/error.ts';
import { type StreamEvent, terminalEvents } from '../contracts/event.ts';
import { defaults } from '../contracts/limits.ts';
import type { EventFormat } from './event-format.ts';
import { requestIdOf } from './request-id.ts';
import type { Log } from './tools.ts';
import { openWait } from './wait.ts';

/** Longer than a laptop's short sleep or a phone's change of network; what is held for such a client is bounded anyway. */
const STALLED_MS = 60_000;

export type EventAnswer<E = StreamEvent> = Readonly<{
  format: EventFormat<E>;
  events: (signal: AbortSignal) => AsyncIterable<E>;
  /** Aborts when this process stops: the stream ends, the client resumes elsewhere. */
  draining: AbortSignal;
  log: Log;
  heartbeatMs?: number;
  /** A client that takes nothing for this long is cut off; it resumes with Last-Event-ID. Default STALLED_MS. */
  stalledMs?: number;
}>;

/**
 * Answers with events up to a run's terminal one, no faster than the client reads. What goes wrong on the way cuts the
 * connection, so that the client cannot take a part for the whole, and is logged.
 */
export async function sendEvents<E extends { readonly name: string }>(
  response: Response,
  answer: EventAnswer<E>,
): Promise<void> {
  const { format, draining, log } = answer;
  begin(response, format);
  if (response.req.method === 'HEAD') {
    response.end();
    return;
  }
  const wait = openWait({ response, draining });
  const heartbeat = setInterval(beat, answer.heartbeatMs ?? defaults.sseHeartbeatMs, response, format);
  try {
    response.write(format.opening());
    for await (const event of answer.events(wait.signal)) {
      await write(response, format.encode(event), { ...answer, signal: wait.signal });
      if (terminalEvents.some((name) => name === event.name)) break;
    }
    response.end(wait.signal.aborted ? format.farewell : '');
  } catch (error) {
    if (wait.signal.aborted || BatonError.from(error).code === 'draining') response.end(format.farewell);
    else cut(response, log, error);
  } finally {
    clearInterval(heartbeat);
    wait.close();
  }
}

function begin(response: Response, format: EventFormat<never>): void {
  response.set({
    'Content-Type': format.contentType,
    'Cache-Control': 'no-cache, no-transform',
    'X-Accel-Buffering': 'no', // nginx would hold the events back
  });
  response.vary('Accept').status(200).flushHeaders();
}

type Patience = Pick<EventAnswer<unknown>, 'log' | 'stalledMs'> & { readonly signal: AbortSignal };

/** Waits until the client has taken what is buffered: the reader behind `events` waits with it. */
async function write(response: Response, frame: string, patience: Patience): Promise<void> {
  if (response.write(frame)) return;
  const { signal, log, stalledMs = STALLED_MS } = patience;
  const giveUp = (): void => cut(response, log, new Error(`the client took nothing for ${stalledMs} ms`));
  const timer = setTimeout(giveUp, stalledMs);
  try {
    await once(response, 'drain', { signal });
  } finally {
    clearTimeout(timer);
  }
}

/** Says that the connection lives; not to a client that has not taken yet what is there. */
function beat(response: Response, { heartbeat }: EventFormat<never>): void {
  if (heartbeat !== '' && !response.writableNeedDrain) response.write(heartbeat);
}

function cut(response: Response, log: Log, error: unknown): void {
  log.warn({ err: error, request_id: requestIdOf(response) }, 'a stream broke off');
  response.destroy();
}

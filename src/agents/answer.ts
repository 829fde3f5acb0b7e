import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { BatonError } from '../contracts/error.ts';
import { limits } from '../contracts/limits.ts';
import type { AgentEvent } from './call.ts';
import { encodeFrame } from './frame.ts';

/** Aborts when the caller closes the connection before the answer is complete. */
export function goneSignal(response: ServerResponse): AbortSignal {
  const controller = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) controller.abort(new BatonError('cancelled', 'The caller has gone.'));
  });
  return controller.signal;
}

/**
 * Writes events as SSE frames, each when it comes, no faster than the caller reads. A failure ends the stream with an
 * error frame and is thrown on, for the log; a caller that has gone ends it in silence.
 */
export async function writeEvents(
  response: ServerResponse,
  events: AsyncIterable<AgentEvent>,
  gone: AbortSignal,
): Promise<void> {
  response.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-cache, no-transform',
    'x-accel-buffering': 'no',
  });
  response.flushHeaders();
  try {
    for await (const event of events) await writeFrame(response, encodeFrame(event), gone);
    response.end();
  } catch (thrown) {
    if (gone.aborted) return;
    response.end(`data: ${JSON.stringify({ type: 'error', error: accountOf(thrown) })}\n\n`);
    throw thrown;
  }
}

async function writeFrame(response: ServerResponse, frame: string, gone: AbortSignal): Promise<void> {
  gone.throwIfAborted();
  if (!response.write(`data: ${frame}\n\n`)) await once(response, 'drain', { signal: gone });
}

/** What a handler's failure says to its caller, clipped. */
export function accountOf(thrown: unknown): string {
  return (thrown instanceof Error ? thrown.message : String(thrown)).slice(0, limits.errorChars);
}

import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { BatonError } from '../../contracts/error.ts';
import { limits } from '../../contracts/limits.ts';
import type { AgentPayload, AgentReply } from '../../contracts/payload.ts';
import type { AgentAsk } from '../../contracts/question.ts';
import { type AgentDone, type AgentEvent, plainDone } from '../call.ts';
import { openCollector } from '../collect.ts';
import { encodeFrame } from '../frame.ts';
import { toAsk } from '../question.ts';
import { accountOf } from './failure.ts';

/** How a stream is written: its content type, and a frame in it. */
export type StreamFormat = Readonly<{ contentType: string; encode(frame: string): string }>;

/** By the media type that `Accept` names; the first one when it does not care. */
export const streamFormats: ReadonlyMap<string, StreamFormat> = new Map([
  [
    'text/event-stream',
    { contentType: 'text/event-stream; charset=utf-8', encode: (frame: string) => `data: ${frame}\n\n` },
  ],
  ['application/x-ndjson', { contentType: 'application/x-ndjson', encode: (frame: string) => `${frame}\n` }],
]);

export type WriteOptions = Readonly<{
  format: StreamFormat;
  /** Aborts when the caller has gone. */
  gone: AbortSignal;
  /** Milliseconds for which a caller may read nothing before its connection is closed. */
  stalledMs: number;
}>;

/** The headers wait for the first event, but no longer than this: a handler that refuses at once still chooses the status. */
const HEADERS_MS = 1_000;

/** Aborts when the caller closes the connection before the answer is complete. */
export function goneSignal(response: ServerResponse): AbortSignal {
  const controller = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) controller.abort(new BatonError('cancelled', 'The caller has gone.'));
  });
  return controller.signal;
}

/**
 * Writes events, each when it comes, no faster than the caller reads. A failure before the headers is thrown and nothing is
 * written; a later one ends the stream with an error frame and is thrown on, for the log; a caller that has gone ends it in silence.
 */
export async function writeEvents(
  response: ServerResponse,
  source: AsyncIterable<AgentEvent>,
  options: WriteOptions,
): Promise<void> {
  const { format, gone } = options;
  const events = source[Symbol.asyncIterator]();
  try {
    let step = events.next();
    await firstOrHeaders(step);
    openStream(response, format);
    for (let next = await step; next.done !== true; next = await step) {
      await writeFrame(response, encodeFrame(next.value), options);
      step = events.next();
    }
    response.end();
  } catch (thrown) {
    if (gone.aborted) return;
    if (response.headersSent) response.end(format.encode(JSON.stringify({ type: 'error', error: accountOf(thrown) })));
    throw thrown;
  } finally {
    await events.return?.();
  }
}

/** Throws what the first event fails with, if it fails in time. */
async function firstOrHeaders(first: Promise<unknown>): Promise<void> {
  const due = new AbortController();
  const headers = sleep(HEADERS_MS, undefined, { signal: due.signal }).catch(() => undefined);
  try {
    await Promise.race([first, headers]);
  } finally {
    due.abort();
  }
}

function openStream(response: ServerResponse, { contentType }: StreamFormat): void {
  response.writeHead(200, {
    'content-type': contentType,
    'cache-control': 'no-cache, no-transform',
    'x-accel-buffering': 'no',
  });
  response.flushHeaders();
}

async function writeFrame(
  response: ServerResponse,
  frame: string,
  { format, gone, stalledMs }: WriteOptions,
): Promise<void> {
  gone.throwIfAborted();
  if (response.write(format.encode(frame))) return;
  const stalled = setTimeout(() => response.destroy(), stalledMs);
  try {
    await once(response, 'drain', { signal: gone });
  } finally {
    clearTimeout(stalled);
  }
}

/** The JSON answer is the stream, folded; a question is all of it. */
export async function toReply(task: AgentPayload, events: AsyncIterable<AgentEvent>): Promise<AgentReply | AgentAsk> {
  const collector = openCollector({ maxChars: limits.outputChars, maxTokens: task.max_tokens ?? null });
  let done: AgentDone = plainDone;
  for await (const event of events) {
    collector.add(event);
    if (event.type === 'question') return { ...toAsk(event), task_id: task.task_id };
    if (event.type === 'done') done = event;
    if (collector.isFull()) break;
  }
  const { confidence, usage } = done;
  const truncated = done.truncated || collector.isFull();
  return { response: collector.text(), task_id: task.task_id, confidence, usage, truncated };
}

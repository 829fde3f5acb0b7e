import { createParser, type EventSourceMessage } from 'eventsource-parser';
import { BatonError } from '../contracts/error.ts';
import { limits } from '../contracts/limits.ts';

/** A whole stream's worth of text may come as one event (a snapshot), with every character escaped. */
const MAX_CHARS = 2 * limits.streamBytes;

export type SseOptions = Readonly<{
  /** Milliseconds without a byte, heartbeats included, after which the connection counts as dead. */
  idleMs: number;
  /** Told how many milliseconds the server wants us to wait before we reconnect. */
  onRetry: (ms: number) => void;
}>;

/** The messages of one SSE connection as they come. Leaving the loop closes the connection; a silent one throws `internal`. */
export async function* readMessages(body: ReadableStream, options: SseOptions): AsyncGenerator<EventSourceMessage> {
  let arrived: EventSourceMessage[] = [];
  const parser = createParser({
    onEvent: (message) => void arrived.push(message),
    onRetry: options.onRetry,
    maxBufferSize: MAX_CHARS,
  });
  const decoder = new TextDecoder();
  // A reader and no `for await`: not every browser can iterate over a stream.
  const reader = body.getReader();
  try {
    for (;;) {
      const chunk = await readWithin(reader, options.idleMs);
      if (chunk.done) return;
      parser.feed(decoder.decode(chunk.value, { stream: true }));
      const messages = arrived;
      arrived = [];
      yield* messages;
    }
  } finally {
    // Rejects when the connection has broken: it is closed either way.
    await reader.cancel().catch(() => undefined);
  }
}

async function readWithin(reader: ReadableStreamDefaultReader, idleMs: number) {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const silence = new Promise<never>((_, reject) => {
    const text = `The connection was silent for ${idleMs} ms, without even a heartbeat.`;
    timer = setTimeout(() => reject(new BatonError('unreachable', text)), idleMs);
  });
  try {
    return await Promise.race([reader.read(), silence]);
  } finally {
    clearTimeout(timer);
  }
}

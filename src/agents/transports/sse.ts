import { ReadableStream, TextDecoderStream } from 'node:stream/web';
import { ParseError } from 'eventsource-parser';
import { EventSourceParserStream } from 'eventsource-parser/stream';
import type { HttpBody } from '../../outbound/body.ts';
import { type FrameBound, tooLargeFrame } from './frame-bound.ts';

/**
 * The data of each event of an SSE stream. Throws output_too_large: the parser bounds what it holds back between chunks, and an event
 * that came whole is measured here.
 */
export async function* readEvents(body: HttpBody, bound: FrameBound): AsyncGenerator<string, void> {
  const events = ReadableStream.from(body)
    .pipeThrough(new TextDecoderStream())
    .pipeThrough(new EventSourceParserStream({ maxBufferSize: bound.maxChars }));
  try {
    for await (const { data } of events) {
      if (data.length > bound.maxChars) throw tooLargeFrame(bound);
      yield data;
    }
  } catch (thrown) {
    throw thrown instanceof ParseError ? tooLargeFrame(bound, thrown) : thrown;
  }
}

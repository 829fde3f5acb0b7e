import type { ReadableStream } from 'node:stream/web';
import { BatonError } from '../contracts/error.ts';
import type { Deadline } from './deadline.ts';
import { toFailure } from './failure.ts';

/** The body of an answer: read once. `return()` closes the socket at once, also while a `next()` is waiting. */
export type HttpBody = AsyncIterableIterator<Uint8Array>;

type BodySource = Readonly<{ stream: ReadableStream | null; deadline: Deadline; maxBytes: number; peer: string }>;

/**
 * Reads under the deadline's idle and total limits and a bound of `maxBytes`. Throws agent_timeout,
 * agent_incomplete, output_too_large or the caller's own abort.
 * Not an async generator: its return() would wait behind the pending read that it should end.
 */
export function openBody({ stream, deadline, maxBytes, peer }: BodySource): HttpBody {
  const reader = stream?.getReader();
  let bytes = 0;
  let over = false;

  const end = (): IteratorReturnResult<undefined> => {
    over = true;
    deadline.close();
    return { done: true, value: undefined };
  };
  const count = (chunk: Uint8Array): Uint8Array => {
    bytes += chunk.byteLength;
    if (bytes <= maxBytes) return chunk;
    throw new BatonError('output_too_large', `${peer} sent more than the ${maxBytes} bytes allowed.`);
  };

  if (reader === undefined) end();
  return {
    next: async () => {
      if (over || reader === undefined) return end();
      try {
        const { done, value } = await deadline.guard(reader.read(), 'idle');
        return done ? end() : { done: false, value: count(value) };
      } catch (thrown) {
        const failure = toFailure(thrown, 'body', peer);
        deadline.abort(failure);
        end();
        throw failure;
      }
    },
    return: async () => {
      deadline.abort(new BatonError('cancelled', 'The reader has stopped.'));
      return end();
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

/** The whole body as text; bytes that are not UTF-8 become U+FFFD. */
export async function readText(body: AsyncIterable<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of body) text += decoder.decode(chunk, { stream: true });
  return text + decoder.decode();
}

import { BatonError } from '../contracts/error.ts';
import type { HttpBody } from '../outbound/body.ts';
import type { FrameBound } from './transports/frame-bound.ts';
import { readEvents } from './transports/sse.ts';

/**
 * An SSE stream as it came, but each event within its bound and JSON: the SDK has a bound of its own only, and writes events that it
 * cannot read to the console. `return()` closes the socket at once, also while a `next()` is waiting.
 */
export function checkEvents(body: HttpBody, bound: FrameBound): AsyncIterableIterator<Uint8Array> {
  const events = encodeEvents(body, bound);
  return {
    next: () => events.next(),
    return: async () => {
      await body.return?.();
      return events.return(undefined);
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

async function* encodeEvents(body: HttpBody, bound: FrameBound): AsyncGenerator<Uint8Array, undefined> {
  const encoder = new TextEncoder();
  for await (const data of readEvents(body, bound)) {
    const json = parse(data, bound.peer);
    // HTTP+JSON tells a failure by the event's name, which the reader does not keep; no other event has this field at its top.
    const name = typeof json === 'object' && json !== null && 'error' in json ? 'event: error\n' : '';
    yield encoder.encode(`${name}data: ${data.includes('\n') ? JSON.stringify(json) : data}\n\n`);
  }
}

function parse(data: string, peer: string): unknown {
  try {
    return JSON.parse(data);
  } catch (cause) {
    throw new BatonError('agent_protocol', `${peer} sent an event that is no JSON.`, { cause });
  }
}

import { setTimeout as sleep } from 'node:timers/promises';
import { BatonError } from '../../contracts/error.ts';
import { parseRetryAfter } from '../../outbound/retry-after.ts';
import { peerOf } from '../call.ts';
import { callHeaders } from '../call-headers.ts';
import { refusalOf } from './post.ts';
import type { Invocation } from './transport.ts';

/** How the MCP SDK reaches the server of one call. */
export type McpFetch = Readonly<{
  fetch: typeof globalThis.fetch;
  /** Why the last request did not get through; null when it did. */
  refusal(): BatonError | null;
  /**
   * Settles as the work does that sent a request of this method, and rejects with agent_incomplete soon after its answer has ended
   * without a result: the SDK would wait on.
   */
  within<T>(method: Awaited, work: Promise<T>): Promise<T>;
  /** Hears what the SDK could not make sense of: an answer that ends after that is agent_protocol. */
  complain(complaint: unknown): void;
}>;

/** Requests that a call cannot go on without. */
type Awaited = 'initialize' | 'tools/call';

/** Ending a session is a courtesy: nobody waits longer for it, in milliseconds. */
const CLOSE_MS = 1_000;
/** What the SDK may take to read an answer that has come, in milliseconds. */
const READ_MS = 50;

/**
 * A fetch for the SDK under the call's limits, with its headers. A session is ended beside them, since a call that was stopped ends it
 * too. Nothing is asked of a stream for what a server says unasked.
 */
export function openMcpFetch({ agent, call, http, limits, signal }: Invocation): McpFetch {
  const peer = peerOf(agent);
  const headers = callHeaders(call);
  const calling = http.fetchWith({ access: agent, limits, signal, peer });
  const closing = http.fetchWith({
    access: agent,
    limits: { firstByteMs: CLOSE_MS, idleMs: CLOSE_MS, totalMs: CLOSE_MS, maxBytes: limits.maxBytes },
    peer,
  });
  const ends = { initialize: Promise.withResolvers<unknown>(), 'tools/call': Promise.withResolvers<unknown>() };
  let refusal: BatonError | null = null;
  let complaint: unknown;

  const cutOff = async (ended: Promise<unknown>): Promise<never> => {
    const failure = await ended;
    await sleep(READ_MS, undefined, { ref: false });
    if (failure instanceof BatonError) throw failure;
    if (complaint !== undefined)
      throw new BatonError('agent_protocol', `${peer} did not answer as an MCP server does.`, { cause: complaint });
    throw new BatonError('agent_incomplete', `${peer} ended its answer without a result.`, { cause: failure });
  };

  const post: typeof globalThis.fetch = async (input, init) => {
    refusal = null;
    try {
      const response = await calling(input, init);
      refusal = toRefusal(response, peer);
      const method = methodOf(init?.body);
      return method === undefined ? response : watched(response, ends[method].resolve);
    } catch (thrown) {
      refusal = thrown instanceof BatonError ? thrown : null;
      throw thrown;
    }
  };
  return {
    refusal: () => refusal,
    within: (method, work) => Promise.race([work, cutOff(ends[method].promise)]),
    complain: (heard) => {
      complaint ??= heard;
    },
    fetch: async (input, init = {}) => {
      const told = { ...init, headers: withHeaders(init.headers, headers) };
      if (init.method === 'GET') return new Response(null, { status: 405 });
      return await (init.method === 'DELETE' ? closing(input, told) : post(input, told));
    },
  };
}

function methodOf(body: unknown): Awaited | undefined {
  const { method }: { method?: unknown } = typeof body === 'string' ? JSON.parse(body) : {};
  return method === 'initialize' || method === 'tools/call' ? method : undefined;
}

/** The same answer, whose end is told: with undefined, or what broke it off. */
function watched(response: Response, onEnd: (failure?: unknown) => void): Response {
  if (response.body === null) return response;
  const { status, statusText, headers } = response;
  const source = response.body.getReader();
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      pull: async (controller) => {
        try {
          const { done, value } = await source.read();
          if (!done) return controller.enqueue(value);
          onEnd();
          controller.close();
        } catch (thrown) {
          onEnd(thrown);
          controller.error(thrown);
        }
      },
      cancel: (reason) => source.cancel(reason),
    },
    { highWaterMark: 0 },
  );
  return new Response(body, { status, statusText, headers });
}

function withHeaders(given: RequestInit['headers'], own: Readonly<Record<string, string>>): Headers {
  const headers = new Headers(given);
  for (const [name, value] of Object.entries(own)) headers.set(name, value);
  return headers;
}

function toRefusal({ status, headers }: Response, peer: string): BatonError | null {
  const code = refusalOf(status);
  if (code === null) return null;
  const retryAfterMs = parseRetryAfter((name) => headers.get(name), Date.now());
  return new BatonError(code, `${peer} answered ${status}.`, { retryAfterMs });
}

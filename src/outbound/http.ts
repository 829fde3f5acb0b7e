// outbound: the only way out of this process over HTTP, so that every call has limits, follows no redirect and tells no addresses.
import { Agent, fetch } from 'undici';
import { BatonError } from '../contracts/error.ts';
import { type HttpBody, openBody } from './body.ts';
import { openDeadline, type WaitLimits } from './deadline.ts';
import { toFailure } from './failure.ts';

export type HttpLimits = WaitLimits & Readonly<{ maxBytes: number }>;

export type HttpRequest = Readonly<{
  url: string;
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  headers?: Readonly<Record<string, string>>;
  body?: string;
  signal?: AbortSignal;
  limits: HttpLimits;
  /** Who is called, as the beginning of a sentence a user may read; `The agent` when absent. */
  peer?: string;
}>;

export type HttpResponse = Readonly<{
  status: number;
  /** A header by its name in any case. */
  header(name: string): string | null;
  /** Must be read to its end or closed by `return()`; the total limit closes one that was forgotten. */
  body: HttpBody;
}>;

export type HttpClient = Readonly<{
  /**
   * Sends one request; resolves with the headers. Any status is an answer. Throws agent_unreachable, agent_timeout,
   * agent_protocol (redirect, not HTTP), draining after close, or the caller's own abort.
   */
  request(request: HttpRequest): Promise<HttpResponse>;
  /** The same connections as a plain fetch, for the openai package: no limits but the connect timeout and the caller's signal. */
  fetch: typeof globalThis.fetch;
  /** Ends every open call with draining. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}>;

export type HttpOptions = Readonly<{
  /** Sockets per origin; more calls wait for one within their first-byte limit. 64 = a worker's concurrency with room. */
  connections?: number;
  connectTimeoutMs?: number;
}>;

/** Opens the connection pool of this process. */
export function openHttp({ connections = 64, connectTimeoutMs = 2_000 }: HttpOptions = {}): HttpClient {
  const dispatcher = new Agent({
    connections,
    connect: { timeout: connectTimeoutMs },
    // Our own limits bound both waits: undici's are coarse and one value for all calls.
    headersTimeout: 0,
    bodyTimeout: 0,
    // One socket is one call, so that closing a stream closes its socket.
    allowH2: false,
    pipelining: 1,
  });
  const close = (): Promise<void> => dispatcher.destroy(new BatonError('draining'));
  return {
    request: (request) => send(dispatcher, request),
    fetch: fetchOver(dispatcher),
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function send(dispatcher: Agent, request: HttpRequest): Promise<HttpResponse> {
  const { url, method, headers = {}, body = null, signal, limits, peer = 'The agent' } = request;
  if (dispatcher.destroyed) throw new BatonError('draining');
  const deadline = openDeadline({ limits, signal, peer });
  try {
    const sent = fetch(url, {
      method,
      body,
      dispatcher,
      // identity: a small compressed answer could unpack to a size nobody agreed to. The byte bound counts inflated bytes too.
      headers: { ...headers, 'accept-encoding': 'identity' },
      // A redirect would send the body, which holds a user's words, to an address nobody registered.
      redirect: 'error',
      signal: deadline.signal,
    });
    const response = await deadline.guard(sent, 'firstByte');
    return {
      status: response.status,
      header: (name) => response.headers.get(name),
      body: openBody({ stream: response.body, deadline, maxBytes: limits.maxBytes, peer }),
    };
  } catch (thrown) {
    const failure = toFailure(thrown, 'connect', peer);
    deadline.abort(failure);
    deadline.close();
    throw failure;
  }
}

function fetchOver(dispatcher: Agent): typeof globalThis.fetch {
  const bound = (input: Parameters<typeof fetch>[0], init?: Parameters<typeof fetch>[1]) =>
    fetch(input, { ...init, dispatcher, redirect: 'error' });
  // undici 8's types and those of Node's own copy differ in names only; the openai package is tested over this function.
  return bound as unknown as typeof globalThis.fetch;
}

import type { ReadableStream } from 'node:stream/web';
import type { AgentAccess } from '../contracts/agent-access.ts';
import type { HttpBody } from './body.ts';
import { type Exchange, type Exchanged, exchange, type HttpLimits, type Wire } from './exchange.ts';

export type FetchOptions = Readonly<{
  access?: AgentAccess | undefined;
  /** Of each call; its own body counts, however long the connection is used. */
  limits: HttpLimits;
  /** Ends all calls, beside the signal that a call brings. */
  signal?: AbortSignal | undefined;
  /** Who is called, as the beginning of a sentence a user may read; `The agent` when absent. */
  peer?: string | undefined;
}>;

/** A fetch for packages that bring their own protocol. It rejects, and its bodies end, with BatonErrors; packages wrap them as causes. */
export function openFetch(wire: Wire, options: FetchOptions): typeof globalThis.fetch {
  return async (input, init) => {
    const asked = await askedOf(input, init);
    const signals = [options.signal, asked.signal].filter((signal) => signal !== undefined);
    return toResponse(await exchange(wire, { ...asked, ...options, signal: AbortSignal.any(signals) }));
  };
}

type Asked = Omit<Exchange, 'limits'>;

async function askedOf(input: string | URL | Request, init: RequestInit = {}): Promise<Asked> {
  if (input instanceof Request) {
    const request = new Request(input, init);
    const { url, method, headers, signal } = request;
    const body = request.body === null ? null : await request.arrayBuffer();
    return { url, method, headers: [...headers], body, signal };
  }
  const { method = 'GET', headers, body, signal } = init;
  const entries = [...new Headers(headers)]; // of Node's own class, which undici's does not know
  return { url: String(input), method, headers: entries, body: bodyOf(body), signal: signal ?? undefined };
}

function bodyOf(body: RequestInit['body']): Exchange['body'] {
  // Node's types and those of undici differ in names only, for text and bytes; packages that call agents send no others.
  return body as Exchange['body'];
}

/** Statuses that the fetch standard gives no body. */
const bodyless: ReadonlySet<number> = new Set([101, 204, 205, 304]);

function toResponse({ response, body }: Exchanged): Response {
  const { status, statusText, url } = response;
  const stream = response.body === null || bodyless.has(status) ? null : streamOf(body);
  const answer = new Response(stream, { status, statusText, headers: [...response.headers] });
  return Object.defineProperty(answer, 'url', { value: url }); // a made Response has none, and packages report it
}

/** Pulled by whoever reads and no sooner, so that a slow reader holds the agent back. */
function streamOf(body: HttpBody): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new globalThis.ReadableStream(
    {
      pull: async (controller) => {
        const { done, value } = await body.next();
        if (done === true) controller.close();
        else controller.enqueue(new Uint8Array(value));
      },
      cancel: async () => void (await body.return?.()),
    },
    { highWaterMark: 0 },
  );
}

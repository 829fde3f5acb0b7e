// outbound: the only way out of this process over HTTP, so that every call has limits, an allowed address, no redirect, and tells no addresses.
import { Agent } from 'undici';
import type { AgentAccess } from '../contracts/agent-access.ts';
import { BatonError } from '../contracts/error.ts';
import { limits } from '../contracts/limits.ts';
import type { HttpBody } from './body.ts';
import { conceal } from './conceal.ts';
import { openConnector, type Resolve, resolveByMachine } from './connector.ts';
import { openDispatchers } from './dispatchers.ts';
import { exchange, type HttpLimits, type Policy, type Wire } from './exchange.ts';
import { type FetchOptions, openFetch } from './fetch-with.ts';
import { noSecrets, openSecrets, type SecretSources } from './secrets.ts';
import { type TlsIdentity, toConnectOptions } from './tls-identity.ts';

export type { HttpLimits } from './exchange.ts';

export type HttpRequest = Readonly<{
  url: string;
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  headers?: Readonly<Record<string, string>>;
  body?: string;
  /** What the agent asks of its callers. Its header replaces one of the same name in `headers`. */
  access?: AgentAccess | undefined;
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
   * Sends one request; resolves with the headers. Any status is an answer. Throws address_refused, secret_unavailable,
   * agent_unreachable, agent_timeout, agent_protocol (redirect, not HTTP), draining after close, or the caller's own abort.
   */
  request(request: HttpRequest): Promise<HttpResponse>;
  /** The same as a fetch, for packages that speak a protocol with agents: the same limits, errors and access for each of its calls. */
  fetchWith(options: FetchOptions): typeof globalThis.fetch;
  /** The same for the openai package, which has waits of its own: these limits are beyond them. */
  fetch: typeof globalThis.fetch;
  /** The error of a failed call without the secret that the agent was shown in it. Never throws. */
  conceal(access: AgentAccess, error: BatonError): Promise<BatonError>;
  /** Ends every open call with draining. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}>;

export type HttpOptions = Readonly<{
  /** Required, so that nobody forgets whose addresses these are. */
  policy: Policy;
  /** Where the secrets lie that an access refers to; none by default. */
  secrets?: SecretSources;
  /** Sockets per origin and TLS identity; more calls wait for one within their first-byte limit. 64 = a worker's concurrency with room. */
  connections?: number;
  connectTimeoutMs?: number;
  /** How names are looked up under a policy; as the machine does by default. */
  resolve?: Resolve;
}>;

const plainLimits: HttpLimits = {
  firstByteMs: 300_000,
  idleMs: 300_000,
  totalMs: 3_600_000,
  maxBytes: 16 * limits.outputChars,
};

/** Opens the connection pool of this process for addresses of one kind. */
export function openHttp(options: HttpOptions): HttpClient {
  const { policy } = options;
  const secrets = openSecrets(options.secrets ?? noSecrets);
  const dispatchers = openDispatchers((identity) => openDispatcher(options, identity));
  const wire: Wire = { policy, dispatchers, secrets };
  const close = (): Promise<void> => dispatchers.destroy(new BatonError('draining'));
  return {
    request: async (request) => {
      const { response, body } = await exchange(wire, request);
      return { status: response.status, header: (name) => response.headers.get(name), body };
    },
    fetchWith: (fetchOptions) => openFetch(wire, fetchOptions),
    fetch: openFetch(wire, { limits: plainLimits, peer: 'The server' }),
    conceal: (access, error) => conceal(access, error, secrets),
    close,
    [Symbol.asyncDispose]: close,
  };
}

function openDispatcher(options: HttpOptions, identity: TlsIdentity | null): Agent {
  const { policy, connections = 64, connectTimeoutMs: timeout = 2_000, resolve = resolveByMachine } = options;
  const tls = identity === null ? {} : toConnectOptions(identity);
  return new Agent({
    connections,
    connect: policy === 'operator' ? { ...tls, timeout } : openConnector({ policy, resolve, timeoutMs: timeout, tls }),
    // Our own limits bound both waits: undici's are coarse and one value for all calls.
    headersTimeout: 0,
    bodyTimeout: 0,
    // One socket is one call, so that closing a stream closes its socket.
    allowH2: false,
    pipelining: 1,
  });
}

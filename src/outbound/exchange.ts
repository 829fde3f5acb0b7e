import { type BodyInit, fetch, Headers, type Response } from 'undici';
import type { AgentAccess } from '../contracts/agent-access.ts';
import { BatonError } from '../contracts/error.ts';
import { loadGrant } from './access.ts';
import { type AddressPolicy, whyRefused } from './address-policy.ts';
import { type HttpBody, openBody } from './body.ts';
import { refused } from './connector.ts';
import { type Deadline, openDeadline, type WaitLimits } from './deadline.ts';
import type { Dispatchers, Lease } from './dispatchers.ts';
import { toFailure } from './failure.ts';
import type { Secrets } from './secrets.ts';

export type HttpLimits = WaitLimits & Readonly<{ maxBytes: number }>;

/** `operator` is for addresses that the operator has set, such as the model's server; a policy is for those that come from data. */
export type Policy = 'operator' | AddressPolicy;

/** What the calls of one client share. */
export type Wire = Readonly<{ policy: Policy; dispatchers: Dispatchers; secrets: Secrets }>;

export type Exchange = Readonly<{
  url: string;
  method: string;
  headers?: ConstructorParameters<typeof Headers>[0];
  body?: BodyInit | null | undefined;
  access?: AgentAccess | undefined;
  signal?: AbortSignal | undefined;
  limits: HttpLimits;
  peer?: string | undefined;
}>;

/** An answer: its head, and its body under the limits. */
export type Exchanged = Readonly<{ response: Response; body: HttpBody }>;

/** Sends one request; resolves with the headers. Throws BatonErrors only, as HttpClient.request says. */
export async function exchange(wire: Wire, request: Exchange): Promise<Exchanged> {
  const { limits, signal, peer = 'The agent' } = request;
  if (wire.dispatchers.isDestroyed()) throw new BatonError('draining');
  refuseAddress(wire.policy, request.url);
  if (request.access?.tls && !/^https:/i.test(request.url))
    throw refused('expected https, since the agent has TLS settings');
  const deadline = openDeadline({ limits, signal, peer });
  try {
    const { response, over } = await deadline.guard(send(wire, request, deadline), 'firstByte');
    const stream = isEncoded(response) ? refuseBody(response, { deadline, peer }) : response.body;
    return { response, body: openBody({ stream, deadline: over, maxBytes: limits.maxBytes, peer }) };
  } catch (thrown) {
    const failure = toFailure(thrown, 'connect', peer);
    deadline.abort(failure);
    deadline.close();
    throw failure;
  }
}

/** A small compressed answer could unpack to a size nobody agreed to, and was not asked for. */
function isEncoded({ headers, body }: Response): boolean {
  return body !== null && !/^(?:identity)?$/i.test(headers.get('content-encoding')?.trim() ?? '');
}

/** Nothing is unpacked: a good answer is of no use then, of any other one the status is. Its connection is closed. */
function refuseBody({ ok }: Response, { deadline, peer }: { deadline: Deadline; peer: string }): null {
  const refusal = new BatonError('agent_protocol', `${peer} sent a compressed answer, which it was asked not to.`);
  if (ok) throw refusal;
  deadline.abort(refusal);
  return null;
}

/** Throws address_refused for what the policy refuses at sight; names are looked up by the connector, for each connection. */
function refuseAddress(policy: Policy, url: string): void {
  const why = policy === 'operator' ? null : whyRefused(policy, url);
  if (why !== null) throw refused(why);
}

async function send(
  wire: Wire,
  request: Exchange,
  deadline: Deadline,
): Promise<{ response: Response; over: Deadline }> {
  const grant = await loadGrant(request.access, wire.secrets);
  deadline.signal.throwIfAborted();
  if (wire.dispatchers.isDestroyed()) throw new BatonError('draining');
  const lease = wire.dispatchers.lease(grant.identity);
  const over = releasing(deadline, lease);
  const response = await fetch(request.url, {
    method: request.method,
    headers: headersOf(request.headers, grant.headers),
    body: request.body ?? null,
    dispatcher: lease.dispatcher,
    // A redirect would send the body, which holds a user's words, to an address nobody registered.
    redirect: 'error',
    signal: deadline.signal,
  });
  return { response, over };
}

/** The deadline that also gives the lease back, at the latest when it aborts: a body may be forgotten by whoever asked for it. */
function releasing(deadline: Deadline, lease: Lease): Deadline {
  deadline.signal.addEventListener('abort', lease.release, { once: true });
  return {
    ...deadline,
    close: () => {
      deadline.close();
      lease.release();
    },
  };
}

function headersOf(asked: Exchange['headers'], granted: Readonly<Record<string, string>>): Headers {
  const headers = new Headers(asked);
  for (const [name, value] of Object.entries(granted)) headers.set(name, value);
  headers.set('accept-encoding', 'identity');
  return headers;
}

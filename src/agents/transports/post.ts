import { BatonError, type ErrorCode } from '../../contracts/error.ts';
import { type HttpBody, readText } from '../../outbound/body.ts';
import type { HttpResponse } from '../../outbound/http.ts';
import { parseRetryAfter } from '../../outbound/retry-after.ts';
import { peerOf } from '../call.ts';
import { callHeaders } from '../call-headers.ts';
import { firstText } from '../frame.ts';
import type { Invocation } from './transport.ts';

export type PostOptions = Readonly<{
  /** Below the endpoint; begins with "/". */
  path: string;
  /** Media types of a good answer; the first is asked for. */
  accept: readonly [string, ...string[]];
  /** The payload when absent. */
  body?: unknown;
  headers?: Readonly<Record<string, string>>;
  /** Words of a refusal stay in the log: they may name keys and accounts of the operator. */
  discreet?: boolean;
}>;

/** What is read of an error's body, and what is kept of a body that was not expected, in characters. */
const ERROR_BODY_CHARS = 4_096;
const EXCERPT_CHARS = 200;

/**
 * POSTs to the agent, the payload unless told otherwise, and gives back the body of a 2xx answer of an accepted type. Throws agent_busy
 * for 429, agent_failed for 408, 425 and 5xx, each with the wait that the agent asks for, agent_rejected for any other 4xx,
 * agent_protocol for any other answer, and what outbound throws.
 */
export async function postToAgent(invocation: Invocation, options: PostOptions): Promise<HttpBody> {
  const { agent, call, signal, limits, http } = invocation;
  const { path, accept, body = call.payload, headers } = options;
  const response = await http.request({
    url: addressOf(agent.endpoint ?? '', path),
    method: 'POST',
    headers: { ...headers, ...callHeaders(call), accept: accept[0], 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal,
    limits,
    peer: peerOf(agent),
    access: agent,
  });
  const code = refusalOf(response.status) ?? (accept.includes(mediaTypeOf(response)) ? null : 'agent_protocol');
  if (code === null) return response.body;
  throw await toRefusal(response, code, { ...options, peer: peerOf(agent) });
}

/** A path below an endpoint, whose query (an API version, say) stays. */
export function addressOf(endpoint: string, path: string): string {
  const [base = '', query] = endpoint.split('#', 1).join('').split('?', 2);
  const address = `${base.replace(/\/+$/, '')}${path}`;
  return query === undefined ? address : `${address}${path.includes('?') ? '&' : '?'}${query}`;
}

/** What a status says of a call that was not answered; null for 2xx. */
export function refusalOf(status: number): ErrorCode | null {
  if (status === 429) return 'agent_busy';
  if (status >= 500 || status === 408 || status === 425) return 'agent_failed';
  if (status >= 400) return 'agent_rejected';
  return status < 200 || status >= 300 ? 'agent_protocol' : null;
}

function mediaTypeOf(response: HttpResponse): string {
  return (response.header('content-type') ?? '').slice(0, EXCERPT_CHARS).split(';', 1).join('').trim().toLowerCase();
}

type Asked = Pick<PostOptions, 'accept' | 'discreet'> & Readonly<{ peer: string }>;

/** What a response of another status or kind than was asked for means; reads the start of its body. */
export async function toRefusal(response: HttpResponse, code: ErrorCode, asked: Asked): Promise<BatonError> {
  const { accept, discreet, peer } = asked;
  const { status } = response;
  const body = await readStart(response.body);
  // Who was refused for its credentials may be told them back.
  const excerpt = isAboutCredentials(status) ? '' : body.slice(0, EXCERPT_CHARS);
  const cause = new Error(`status ${status}, ${mediaTypeOf(response) || 'no content type'}, body: ${excerpt}`);
  if (code === 'agent_protocol') {
    const got = `${status} with ${mediaTypeOf(response) || 'no content type'}`;
    return new BatonError(code, `${peer} answered ${got}; expected 200 with ${accept[0]}.`, { cause });
  }
  const account = discreet || isAboutCredentials(status) ? undefined : accountOf(body)?.slice(0, EXCERPT_CHARS);
  const text = `${peer} answered ${status}${account === undefined ? '.' : `: ${account}`}`;
  return new BatonError(code, text, { cause, retryAfterMs: parseRetryAfter(response.header, Date.now()) });
}

function isAboutCredentials(status: number): boolean {
  return status === 401 || status === 403 || status === 407;
}

/** The agent's own words in an error body, as problem details or `{"error": ...}` carry them; pages for people are left out. */
function accountOf(body: string): string | undefined {
  try {
    const json: unknown = JSON.parse(body);
    const error = typeof json === 'object' && json !== null && 'error' in json ? json.error : null;
    return firstText(error, json) ?? undefined;
  } catch {
    return undefined; // Not JSON: the excerpt in the cause is all there is.
  }
}

async function readStart(body: HttpBody): Promise<string> {
  const read: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const chunk of body) {
      read.push(chunk);
      bytes += chunk.byteLength;
      if (bytes >= ERROR_BODY_CHARS) break;
    }
  } catch {
    // The status is the failure to report; a body that breaks off adds nothing to it.
  }
  return Buffer.concat(read).toString('utf8').slice(0, ERROR_BODY_CHARS);
}

/** A whole answer as text; agent_protocol when it is empty. */
export async function readAnswer(body: HttpBody, peer: string): Promise<string> {
  const text = await readText(body);
  if (text.trim() !== '') return text;
  throw new BatonError('agent_protocol', `${peer} answered with an empty body.`);
}

import { BatonError, type ErrorCode } from '../../contracts/error.ts';
import { type HttpBody, readText } from '../../outbound/body.ts';
import type { HttpResponse } from '../../outbound/http.ts';
import { parseRetryAfter } from '../../outbound/retry-after.ts';
import { peerOf } from '../call.ts';
import { firstText } from '../frame.ts';
import type { Invocation } from './transport.ts';

export type PostOptions = Readonly<{ path: string; accept: 'text/event-stream' | 'application/json' }>;

/** What is read of an error's body, and what is kept of a body that was not expected, in characters. */
const ERROR_BODY_CHARS = 4_096;
const EXCERPT_CHARS = 200;

/**
 * POSTs the payload to the agent and gives back the body of a 2xx answer of the accepted type. Throws agent_busy for 429,
 * agent_failed for 408, 425 and 5xx, each with the wait that the agent asks for, agent_rejected for any other 4xx, agent_protocol
 * for any other answer, and what outbound throws.
 */
export async function postToAgent(invocation: Invocation, { path, accept }: PostOptions): Promise<HttpBody> {
  const { agent, call, signal, limits, http } = invocation;
  const response = await http.request({
    url: `${(agent.endpoint ?? '').replace(/\/+$/, '')}${path}`,
    method: 'POST',
    headers: {
      accept,
      'content-type': 'application/json',
      'idempotency-key': call.idempotencyKey,
      'x-baton-attempt': String(call.attempt),
    },
    body: JSON.stringify(call.payload),
    signal,
    limits,
    peer: peerOf(agent),
  });
  const code = refusalOf(response, accept);
  if (code === null) return response.body;
  throw await toRefusal(response, code, { accept, peer: peerOf(agent) });
}

function refusalOf(response: HttpResponse, accept: string): ErrorCode | null {
  const { status } = response;
  if (status === 429) return 'agent_busy';
  if (status >= 500 || status === 408 || status === 425) return 'agent_failed';
  if (status >= 400) return 'agent_rejected';
  if (status < 200 || status >= 300) return 'agent_protocol';
  return mediaTypeOf(response) === accept ? null : 'agent_protocol';
}

function mediaTypeOf(response: HttpResponse): string {
  return (response.header('content-type') ?? '').split(';', 1).join('').trim().toLowerCase();
}

async function toRefusal(
  response: HttpResponse,
  code: ErrorCode,
  { accept, peer }: Readonly<{ accept: string; peer: string }>,
): Promise<BatonError> {
  const body = await readStart(response.body);
  const excerpt = body.slice(0, EXCERPT_CHARS);
  const cause = new Error(`status ${response.status}, ${mediaTypeOf(response) || 'no content type'}, body: ${excerpt}`);
  if (code === 'agent_protocol') {
    const got = `${response.status} with ${mediaTypeOf(response) || 'no content type'}`;
    return new BatonError(code, `${peer} answered ${got}; expected 200 with ${accept}.`, { cause });
  }
  const account = accountOf(body)?.slice(0, EXCERPT_CHARS);
  const text = `${peer} answered ${response.status}${account === undefined ? '.' : `: ${account}`}`;
  return new BatonError(code, text, { cause, retryAfterMs: parseRetryAfter(response.header, Date.now()) });
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

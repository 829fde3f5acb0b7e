import type { AgentAccess } from '../contracts/agent-access.ts';
import { BatonError, type ErrorCode, faultyError } from '../contracts/error.ts';
import { readText } from '../outbound/body.ts';
import type { HttpClient, HttpLimits, HttpResponse } from '../outbound/http.ts';
import { type AgentCard, parseAgentCard } from './agent-card-parse.ts';

/** Where a card is unless its address says otherwise (A2A 1.0, RFC 8615). */
const CARD_PATH = '/.well-known/agent-card.json';

/** A card is some kilobytes; whoever registers waits for it. */
const cardLimits: HttpLimits = { firstByteMs: 5_000, idleMs: 5_000, totalMs: 10_000, maxBytes: 1_000_000 };

export type CardRequest = Readonly<{
  /** Under the policy on agents' addresses. */
  http: Pick<HttpClient, 'request'>;
  /** Of the card itself, or of the agent's host. */
  url: string;
  limits?: HttpLimits;
  /** For a card that is not public. */
  access?: AgentAccess | undefined;
  signal?: AbortSignal;
}>;

/** Failures that are nobody's fault who wrote the card or the request. */
const passing: ReadonlySet<ErrorCode> = new Set(['draining', 'cancelled', 'internal']);

/** Reads an agent's card. Throws invalid_request that says why there is none at this address, or what is wrong with it. */
export async function loadAgentCard({
  http,
  url,
  limits = cardLimits,
  access,
  signal,
}: CardRequest): Promise<AgentCard> {
  const text = await load(http, { url: cardUrlOf(url), limits, access, ...(signal && { signal }) });
  try {
    return parseAgentCard(JSON.parse(text));
  } catch (thrown) {
    if (thrown instanceof BatonError) throw thrown;
    throw fault('there is no JSON at this address', thrown);
  }
}

/** The card's own address: that of a host alone stands for the card at its usual place. */
export function cardUrlOf(url: string): string {
  const parsed = URL.parse(url);
  if (parsed === null || parsed.pathname !== '/' || parsed.search !== '') return url;
  return new URL(CARD_PATH, parsed).href;
}

type Asked = Pick<Parameters<HttpClient['request']>[0], 'url' | 'limits' | 'access' | 'signal'>;

async function load(http: CardRequest['http'], asked: Asked): Promise<string> {
  try {
    const response = await http.request({
      ...asked,
      method: 'GET',
      headers: { accept: 'application/json', 'a2a-version': '1.0' },
      peer: "The card's server",
    });
    return await readCard(response);
  } catch (thrown) {
    const error = BatonError.from(thrown);
    if (error.code === 'invalid_request' || passing.has(error.code)) throw error;
    throw fault(error.message, error);
  }
}

async function readCard(response: HttpResponse): Promise<string> {
  if (response.status === 200) return readText(response.body);
  await response.body.return?.();
  throw fault(`expected an agent card, and the server answered ${response.status}`);
}

function fault(message: string, cause?: unknown): BatonError {
  return faultyError('invalid_request', [{ path: 'card_url', message }], { cause });
}

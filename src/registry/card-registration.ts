import type { AgentDescriptor } from '../contracts/agent.ts';
import { AgentAccess } from '../contracts/agent-access.ts';
import { faultyError, parseOr } from '../contracts/error.ts';
import type { HttpClient } from '../outbound/http.ts';
import { cardUrlOf, loadAgentCard } from './agent-card.ts';
import { toAgentDescriptor } from './agent-card-descriptor.ts';

const URL_CHARS = 2_000;

/**
 * The agent whose card is at an address, with fields of whoever registers it. `http` is under the policy on agents' addresses. Throws
 * invalid_request that names `card_url`, or what is wrong with the card or the fields.
 */
export async function agentOfCard(
  http: Pick<HttpClient, 'request'>,
  cardUrl: unknown,
  own: Readonly<Record<string, unknown>>,
): Promise<AgentDescriptor> {
  if (typeof cardUrl !== 'string' || cardUrl.length > URL_CHARS || !URL.canParse(cardUrl)) {
    throw faultyError('invalid_request', [{ path: 'card_url', message: 'expected an http or https URL' }]);
  }
  const { auth = null, tls = null } = own;
  const access = parseOr(AgentAccess, { auth, tls }, 'invalid_request');
  const card = await loadAgentCard({ http, url: cardUrl, access });
  return toAgentDescriptor(card, cardUrlOf(cardUrl), own);
}

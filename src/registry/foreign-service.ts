import { toAddressPolicy, whyRefused } from '../outbound/address-policy.ts';
import type { AgentHttpSettings } from '../outbound/agent-http.ts';
import { openHttp } from '../outbound/http.ts';
import type { ForeignService } from './foreign-refresh.ts';

/**
 * The discovery service at `url`, with a client for this address of the operator's own; where its agents may be follows from the
 * settings of all agents. Dispose closes the client. Throws config_invalid for a faulty BATON_AGENT_HOSTS.
 */
export function openForeignService(url: string, settings: AgentHttpSettings): ForeignService & AsyncDisposable {
  const policy = toAddressPolicy(settings);
  const http = openHttp({ policy: 'operator' });
  return {
    url,
    http,
    whyRefused: (agentUrl) => whyRefused(policy, agentUrl),
    [Symbol.asyncDispose]: () => http[Symbol.asyncDispose](),
  };
}

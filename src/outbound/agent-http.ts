import { type AddressRules, toAddressPolicy } from './address-policy.ts';
import { type HttpClient, openHttp } from './http.ts';
import type { SecretSources } from './secrets.ts';

/** The settings that decide where agents may be and which secrets they are shown. */
export type AgentHttpSettings = AddressRules & SecretSources;

/** Opens the client for whatever address comes from data. Throws config_invalid for a faulty BATON_AGENT_HOSTS. */
export function openAgentHttp({ agentHosts, production, ...secrets }: AgentHttpSettings): HttpClient {
  return openHttp({ policy: toAddressPolicy({ agentHosts, production }), secrets });
}

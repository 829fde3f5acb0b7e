import { toAddressPolicy } from '../../src/outbound/address-policy.ts';
import { type HttpClient, type HttpOptions, openHttp } from '../../src/outbound/http.ts';

/** What an unset BATON_AGENT_HOSTS allows outside production: loopback. */
export const localPolicy = toAddressPolicy({ agentHosts: undefined, production: false });

/** A client for agents on loopback, as a worker of a development machine has it. */
export function openLocalHttp(options: Partial<HttpOptions> = {}): HttpClient {
  return openHttp({ policy: localPolicy, ...options });
}

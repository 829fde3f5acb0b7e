import { lookup } from 'node:dns/promises';
import { isIP, type LookupFunction } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { buildConnector } from 'undici';
import { BatonError } from '../contracts/error.ts';
import { type AddressPolicy, whyConnectionRefused } from './address-policy.ts';

/** All addresses of a host name. */
export type Resolve = (host: string) => Promise<readonly string[]>;

/** As the machine resolves names: hosts file, search domains and DNS. */
export const resolveByMachine: Resolve = async (host) =>
  (await lookup(host, { all: true, order: 'verbatim' })).map(({ address }) => address);

export type ConnectorOptions = Readonly<{
  policy: AddressPolicy;
  resolve: Resolve;
  timeoutMs: number;
  tls: buildConnector.BuildOptions;
}>;

/**
 * Opens connections to addresses that the policy allows, and to no others: the host is resolved once for each connection, every
 * address of it is checked, and the socket is given these addresses instead of the name. So a name that means something else a
 * moment later (DNS rebinding) gains nothing. Fails with address_refused.
 */
export function openConnector(options: ConnectorOptions): buildConnector.connector {
  return (to, callback) => {
    const connect = async (): Promise<void> => {
      const addresses = await checkedAddresses(options, to);
      // Of this one connection, because it knows the addresses; so TLS sessions are not resumed, and every certificate is verified.
      const open = buildConnector({
        ...options.tls,
        timeout: options.timeoutMs,
        allowH2: false,
        maxCachedSessions: 0,
        lookup: pinnedTo(addresses),
      });
      open(to, callback);
    };
    connect().catch((thrown: unknown) => callback(thrown instanceof Error ? thrown : new Error(String(thrown)), null));
  };
}

async function checkedAddresses(
  { policy, resolve, timeoutMs }: ConnectorOptions,
  to: buildConnector.Options,
): Promise<readonly string[]> {
  const addresses = isIP(to.hostname) === 0 ? await resolveWithin(resolve, to.hostname, timeoutMs) : [to.hostname];
  const why = whyConnectionRefused(policy, to, addresses);
  if (why === null) return addresses;
  throw refused(why, new Error(`${to.hostname} has the addresses ${addresses.join(', ') || 'none'}`));
}

/** The error for an address that the policy refuses; what users must not see, such as what a name resolves to, is its cause. */
export function refused(why: string, cause?: Error): BatonError {
  return new BatonError('address_refused', `Agents may not be called there: ${why}.`, { cause });
}

/** A lookup cannot be cancelled: one that takes too long ends by itself, unheard. */
async function resolveWithin(resolve: Resolve, host: string, timeoutMs: number): Promise<readonly string[]> {
  const done = new AbortController();
  const late = delay(timeoutMs, undefined, { signal: done.signal }).then(() => {
    throw Object.assign(new Error(`no answer about ${host} within ${timeoutMs} ms`), { code: 'EAI_AGAIN' });
  });
  try {
    return await Promise.race([resolve(host), late]);
  } finally {
    done.abort();
    late.catch(() => undefined); // it has lost the race
  }
}

function pinnedTo(addresses: readonly string[]): LookupFunction {
  const all = addresses.map((address) => ({ address, family: isIP(address) }));
  return (_host, { all: wantsAll }, callback) => {
    const [first = { address: '', family: 0 }] = all;
    if (wantsAll === true) callback(null, all);
    else callback(null, first.address, first.family);
  };
}

import { BatonError, type Fault } from '../contracts/error.ts';
import { ENTRY_FORMS, type HostEntry, parseHostEntry } from './host-entry.ts';
import { type Ip, parseIp } from './ip.ts';
import { admits, type IpKind, kindOf, toEffectiveIp } from './ip-kind.ts';

/** Where agents may be: what BATON_AGENT_HOSTS says. For addresses that come from data, such as registrations, cards and discovery. */
export type AddressPolicy = Readonly<{ entries: readonly HostEntry[]; production: boolean }>;

export type AddressRules = Readonly<{
  /** The entries of BATON_AGENT_HOSTS; undefined when it is unset. */
  agentHosts: readonly string[] | undefined;
  production: boolean;
}>;

/** What an unset BATON_AGENT_HOSTS means on a machine of one's own. In production it means nothing at all. */
const thisMachine = ['localhost', '127.0.0.0/8', '::1'];
const EXAMPLE = 'BATON_AGENT_HOSTS=agents.example.com,*.agents.svc,10.0.0.0/8';

/** The policy of the settings; throws config_invalid that names every entry that has no known form. */
export function toAddressPolicy({ agentHosts, production }: AddressRules): AddressPolicy {
  const texts = agentHosts ?? (production ? [] : thisMachine);
  const parsed = texts.map((text) => ({ text, entry: parseHostEntry(text) }));
  const faults = parsed.filter(({ entry }) => entry === null).map(({ text }) => entryFault(text));
  if (faults.length === 0) return { entries: parsed.flatMap(({ entry }) => entry ?? []), production };
  const lines = faults.map(({ path, message }) => `- ${path}: ${message}`);
  throw new BatonError('config_invalid', ['The settings have faults:', ...lines].join('\n'), { faults });
}

function entryFault(text: string): Fault {
  const shown = text.includes('@') ? 'an entry that is not shown here' : JSON.stringify(text.slice(0, 100));
  return { path: 'BATON_AGENT_HOSTS', message: `expected ${ENTRY_FORMS}; came ${shown}` };
}

/** Where a connection goes: `host` without brackets or the root's dot, `ip` when it is an address. */
type Target = Readonly<{ host: string; ip: Ip | null; port: number; plain: boolean }>;

/**
 * Why an agent may not have this URL, as far as can be told without asking DNS, or null: scheme, credentials, host and port.
 * A text for users, in the words of a fault: what was expected and what came.
 */
export function whyRefused(policy: AddressPolicy, url: string): string | null {
  if (!URL.canParse(url)) return 'expected an http or https URL';
  const { protocol, username, password, hostname, port } = new URL(url);
  if (protocol !== 'http:' && protocol !== 'https:') return 'expected an http or https URL';
  if (username !== '' || password !== '') return 'expected a URL without user name and password';
  const target = toTarget({ protocol, hostname, port });
  if (target.ip !== null) return whyAddressesRefused(policy, target, [target.ip]);
  if (namesFor(policy, target).length === 0) return unlisted(target);
  return target.plain && !mayBePlain(policy, target) ? needsTls(target) : null;
}

/** Why a connection may not be made to a host that has these addresses, or null. The text names the host, never an address of it. */
export function whyConnectionRefused(
  policy: AddressPolicy,
  to: Readonly<{ protocol: string; hostname: string; port: string }>,
  addresses: readonly string[],
): string | null {
  const target = toTarget(to);
  const ips = addresses.map(parseIp);
  const known = ips.filter((ip) => ip !== null);
  if (known.length === 0 || known.length < ips.length) return `expected a host with addresses, came ${shown(target)}`;
  return whyAddressesRefused(policy, target, known);
}

function toTarget({
  protocol,
  hostname,
  port,
}: Readonly<{ protocol: string; hostname: string; port: string }>): Target {
  const host = hostname.replace(/^\[(.*)\]$/, '$1').replace(/\.$/, '');
  const plain = protocol === 'http:';
  return { host, ip: parseIp(host), port: port === '' ? (plain ? 80 : 443) : Number(port), plain };
}

function whyAddressesRefused(policy: AddressPolicy, target: Target, addresses: readonly Ip[]): string | null {
  const names = namesFor(policy, target);
  if (target.ip === null && names.length === 0) return unlisted(target);
  for (const address of addresses) {
    const why = whyAddressRefused(policy, { target, names }, toEffectiveIp(address));
    if (why !== null) return why;
  }
  return null;
}

type Candidate = Readonly<{ target: Target; names: readonly HostEntry[] }>;

function whyAddressRefused(policy: AddressPolicy, { target, names }: Candidate, address: Ip): string | null {
  const kind = kindOf(address);
  if (policy.production && isThisMachine(kind))
    return `in production, expected another host than ${shown(target)}: it is this machine`;
  const ranges = rangesFor(policy, target).filter(({ range }) => admits(range, address));
  // `public` is about public addresses only: it does not let a name into a range that was listed for others.
  const isListed = ranges.length > 0 && (target.ip !== null || names.some((entry) => entry.kind !== 'public'));
  const isPublic = kind === 'public' && names.length > 0;
  if (!isListed && !isPublic) return target.ip === null ? outside(target) : unlisted(target);
  if (!target.plain) return null;
  const mayBePlain = [...names, ...ranges].some(({ plain }) => plain) || (isListed && kind !== 'public');
  return mayBePlain ? null : needsTls(target);
}

function isThisMachine(kind: IpKind): boolean {
  return kind === 'loopback' || kind === 'unspecified';
}

/** The entries that let this host in by its name, or whatever its name is. */
function namesFor({ entries }: AddressPolicy, { host, ip, port }: Target): readonly HostEntry[] {
  return entries.filter((entry) => {
    if (entry.port !== null && entry.port !== port) return false;
    if (entry.kind === 'public') return true;
    if (ip !== null) return false;
    return entry.kind === 'name' ? entry.name === host : entry.kind === 'suffix' && host.endsWith(entry.suffix);
  });
}

type RangeEntry = Extract<HostEntry, { kind: 'range' }>;

function rangesFor({ entries }: AddressPolicy, { port }: Target): readonly RangeEntry[] {
  return entries
    .filter((entry) => entry.kind === 'range')
    .filter((entry) => entry.port === null || entry.port === port);
}

/** Whether a name could turn out to have addresses that plain http may go to. */
function mayBePlain(policy: AddressPolicy, target: Target): boolean {
  const names = namesFor(policy, target);
  const mayBeInRange = names.some(({ kind }) => kind !== 'public') && rangesFor(policy, target).length > 0;
  return mayBeInRange || names.some(({ plain }) => plain);
}

function unlisted(target: Target): string {
  return `expected a host and a port that BATON_AGENT_HOSTS lists, as in ${EXAMPLE}; came ${shown(target)}`;
}

function outside(target: Target): string {
  return `expected a host whose addresses are all public or in a range of BATON_AGENT_HOSTS, as in ${EXAMPLE}; came ${shown(target)}`;
}

function needsTls(target: Target): string {
  return `expected https, which only a private range or an entry with http:// in BATON_AGENT_HOSTS makes unnecessary; came http to ${shown(target)}`;
}

function shown({ host, port }: Target): string {
  return `${JSON.stringify(host.slice(0, 100))}, port ${port}`;
}

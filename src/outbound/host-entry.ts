import { type IpRange, parseIp, parseIpRange } from './ip.ts';
import { toEffectiveIp } from './ip-kind.ts';

/** One entry of BATON_AGENT_HOSTS. */
export type HostEntry = Readonly<{
  /** Plain http is allowed for it, over any network. */
  plain: boolean;
  /** The only port it is about; null for all. */
  port: number | null;
}> &
  (
    | Readonly<{ kind: 'name'; name: string }>
    /** All names below it: `.agents.svc`. */
    | Readonly<{ kind: 'suffix'; suffix: string }>
    | Readonly<{ kind: 'range'; range: IpRange }>
    | Readonly<{ kind: 'public' }>
  );

/** The forms of an entry, for messages. */
export const ENTRY_FORMS =
  'agents.example.com, *.agents.svc, 10.0.0.0/8, [fd00::1] or public, each with http:// before it or :8000 after it';

const name = /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,62})(\.[a-z0-9_][a-z0-9_-]{0,62})*$/;

// host, then port; an IPv6 address without brackets has no port, since its own colons look like one.
const forms = [
  /^\[(?<host>[0-9a-f.]*:[0-9a-f:.]*)\](?<length>\/\d+)?(?::(?<port>\d{1,5}))?$/,
  /^(?<host>[0-9a-f:.]*:[0-9a-f:.]*:[0-9a-f:.]*)(?:(?<length>\/\d+)(?::(?<port>\d{1,5}))?)?$/,
  /^(?<host>[^:/[\]]+)(?<length>\/\d+)?(?::(?<port>\d{1,5}))?$/,
];

/** Reads one entry; null when it has none of the forms. Names may be international. */
export function parseHostEntry(text: string): HostEntry | null {
  const rest = text.toLowerCase().replace(/^http:\/\//, '');
  const found = forms.map((form) => form.exec(rest)?.groups).find((groups) => groups !== undefined);
  if (found?.host === undefined) return null;
  const port = found.port === undefined ? null : Number(found.port);
  if (port !== null && (port < 1 || port > 65_535)) return null;
  const shared = { plain: rest.length < text.length, port };
  const host = `${found.host}${found.length ?? ''}`;
  if (found.length !== undefined || parseIp(host) !== null) return rangeEntry(host, shared);
  if (host === 'public') return { kind: 'public', ...shared };
  const canonical = toName(host.replace(/^\*\./, ''));
  if (canonical === null) return null;
  return host.startsWith('*.')
    ? { kind: 'suffix', suffix: `.${canonical}`, ...shared }
    : { kind: 'name', name: canonical, ...shared };
}

function rangeEntry(text: string, shared: Pick<HostEntry, 'plain' | 'port'>): HostEntry | null {
  const range = parseIpRange(text);
  // Addresses are judged by the IPv4 address in them: a range of such a form would never be met.
  if (range === null || toEffectiveIp(range.base) !== range.base) return null;
  return { kind: 'range', range, ...shared };
}

/** A name as URLs have it, without the dot of the root. Null for what a URL would take for an address, such as 0x7f.1. */
function toName(text: string): string | null {
  if (/[?#@%\\\s]/.test(text)) return null; // a URL would end the host there, or decode it
  const host = URL.canParse(`http://${text}`) ? new URL(`http://${text}`).hostname.replace(/\.$/, '') : '';
  return name.test(host) && parseIp(host) === null ? host : null;
}

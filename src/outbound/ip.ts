import { isIPv4, isIPv6 } from 'node:net';

/** An IP address as a number of 32 or 128 bits. */
export type Ip = Readonly<{ bits: 32 | 128; value: bigint }>;

/** All addresses whose first `prefix` bits are those of `base`. */
export type IpRange = Readonly<{ base: Ip; prefix: number }>;

/** An address in dotted or colon form, a zone id dropped; null for anything else, other spellings of an IPv4 address included. */
export function parseIp(text: string): Ip | null {
  const bare = text.replace(/%.*$/s, '');
  if (isIPv4(bare)) return { bits: 32, value: joined(bare.split('.').map(Number), 8n) };
  if (isIPv6(bare)) return { bits: 128, value: joined(groupsOf(bare), 16n) };
  return null;
}

/** An address, or an address and the length of its prefix: `10.0.0.0/8`, `fd00::/8`, `127.0.0.1`. Null for anything else. */
export function parseIpRange(text: string): IpRange | null {
  const [address = '', prefix, ...rest] = text.split('/');
  const base = parseIp(address);
  if (base === null || rest.length > 0 || address.includes('%')) return null;
  if (prefix === undefined) return { base, prefix: base.bits };
  return /^\d{1,3}$/.test(prefix) && Number(prefix) <= base.bits ? { base, prefix: Number(prefix) } : null;
}

export function isInRange({ base, prefix }: IpRange, ip: Ip): boolean {
  const rest = BigInt(base.bits - prefix);
  return base.bits === ip.bits && base.value >> rest === ip.value >> rest;
}

/** Whether all of `inner` lies in `outer`. */
export function isWithin(outer: IpRange, inner: IpRange): boolean {
  return inner.prefix >= outer.prefix && isInRange(outer, inner.base);
}

function joined(parts: readonly number[], bitsEach: bigint): bigint {
  return parts.reduce((value, part) => (value << bitsEach) | BigInt(part), 0n);
}

/** The eight groups of a valid IPv6 address, its last two written as IPv4 or not. */
function groupsOf(text: string): readonly number[] {
  const hex = text.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_all, ...bytes: string[]) => {
    const [a = 0, b = 0, c = 0, d = 0] = bytes.slice(0, 4).map(Number);
    return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
  });
  const [before = [], after = []] = hex.split('::').map((half) => half.split(':').filter((group) => group !== ''));
  const left = Array.from({ length: 8 - before.length - after.length }, () => '0');
  return [...before, ...left, ...after].map((group) => Number.parseInt(group, 16));
}

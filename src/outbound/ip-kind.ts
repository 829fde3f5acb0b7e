import { type Ip, type IpRange, isInRange, isWithin, parseIpRange } from './ip.ts';

/**
 * What lies at an address. public and private are networks; the others are this machine, its link, a cloud's metadata service (which
 * gives away credentials), or no host at all.
 */
export type IpKind =
  | 'public'
  | 'private'
  | 'loopback'
  | 'unspecified'
  | 'link-local'
  | 'metadata'
  | 'multicast'
  | 'broadcast';

type Block = Readonly<{ range: IpRange; kind: IpKind }>;

// IANA's registries of special-purpose addresses (RFC 6890 and what followed), and the metadata services of clouds that lie outside
// 169.254.0.0/16. Earlier ones win. Whatever was set aside for private use, tests, documentation or translation counts as private.
const blocks: readonly Block[] = [
  ...blocksOf('unspecified', ['0.0.0.0/8', '::']),
  ...blocksOf('loopback', ['127.0.0.0/8', '::1']),
  ...blocksOf('link-local', ['169.254.0.0/16', 'fe80::/10']),
  ...blocksOf('metadata', ['100.100.100.200', '168.63.129.16', '192.0.0.192', 'fd00:ec2::/32', 'fd20:ce::254']),
  ...blocksOf('broadcast', ['255.255.255.255']),
  ...blocksOf('multicast', ['224.0.0.0/4', 'ff00::/8']),
  ...blocksOf('private', ['10.0.0.0/8', '100.64.0.0/10', '172.16.0.0/12', '192.168.0.0/16', '198.18.0.0/15']),
  ...blocksOf('private', [
    '192.0.0.0/24',
    '192.0.2.0/24',
    '192.88.99.0/24',
    '198.51.100.0/24',
    '203.0.113.0/24',
    '240.0.0.0/4',
  ]),
  ...blocksOf('private', ['2001::/23', '2001:db8::/32', '3fff::/20']),
  ...blocksOf('public', ['0.0.0.0/0', '2000::/3']),
  // IPv6 gives no other addresses to hosts: fc00::/7, fec0::/10, 100::/64, 64:ff9b:1::/48, 5f00::/16 and the rest.
  ...blocksOf('private', ['::/0']),
];

/** IPv6 forms that lead to an IPv4 host, and how many bits follow the IPv4 address in them. */
const carriers: readonly Readonly<{ range: IpRange; after: bigint }>[] = [
  { range: rangeOf('::ffff:0:0/96'), after: 0n }, // mapped
  { range: rangeOf('::ffff:0:0:0/96'), after: 0n }, // translated
  { range: rangeOf('::/96'), after: 0n }, // compatible
  { range: rangeOf('64:ff9b::/96'), after: 0n }, // NAT64
  { range: rangeOf('2002::/16'), after: 80n }, // 6to4
];

/** The address that is really meant: the IPv4 address inside an IPv6 one, or the address itself. */
export function toEffectiveIp(ip: Ip): Ip {
  const isOwn = ip.bits === 32 || ip.value <= 1n; // `::` and `::1` look like compatible addresses
  const carrier = isOwn ? undefined : carriers.find(({ range }) => isInRange(range, ip));
  return carrier === undefined ? ip : { bits: 32, value: (ip.value >> carrier.after) & 0xffff_ffffn };
}

/** What lies at an effective address. */
export function kindOf(ip: Ip): IpKind {
  return blockOf(ip).kind;
}

/**
 * Whether a range that an operator has listed admits an effective address in it. Networks are admitted by any range; what is none
 * only by a range that is about nothing else, so that 0.0.0.0/0 does not open this machine or its metadata service.
 */
export function admits(range: IpRange, ip: Ip): boolean {
  if (!isInRange(range, ip)) return false;
  const block = blockOf(ip);
  return block.kind === 'public' || block.kind === 'private' || isWithin(block.range, range);
}

function blockOf(ip: Ip): Block {
  const block = blocks.find(({ range }) => isInRange(range, ip));
  if (block === undefined) throw new Error('expected a block for every address'); // the last two hold all there are
  return block;
}

function blocksOf(kind: IpKind, texts: readonly string[]): readonly Block[] {
  return texts.map((text) => ({ range: rangeOf(text), kind }));
}

function rangeOf(text: string): IpRange {
  const range = parseIpRange(text);
  if (range === null) throw new Error(`expected a range, came ${text}`);
  return range;
}

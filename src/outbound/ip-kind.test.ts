import { expect, test } from 'vitest';
import { parseIp, parseIpRange } from './ip.ts';
import { admits, kindOf, toEffectiveIp } from './ip-kind.ts';

const ip = (text: string) => toEffectiveIp(parseIp(text) ?? expect.fail(`expected an address: ${text}`));
const range = (text: string) => parseIpRange(text) ?? expect.fail(`expected a range: ${text}`);

test.each([
  ['public', ['8.8.8.8', '1.1.1.1', '172.32.0.1', '100.128.0.1', '2606:4700::1', '2a00:1450::1', '64:ff9b::8.8.8.8']],
  ['public', ['::ffff:8.8.8.8', '2002:808:808::1', '::8.8.8.8']],
  ['private', ['10.0.0.1', '172.16.0.1', '192.168.0.1', '100.64.0.1', '198.18.0.1', '203.0.113.1', '240.0.0.1']],
  [
    'private',
    ['fc00::1', 'fd00::1', 'fec0::1', '2001:db8::1', '2001::1', '100::1', '64:ff9b:1::1', '4000::1', '3fff::1'],
  ],
  ['loopback', ['127.0.0.1', '127.255.255.254', '::1', '::ffff:127.0.0.1', '64:ff9b::7f00:1', '2002:7f00:1::']],
  ['unspecified', ['0.0.0.0', '0.1.2.3', '::', '::ffff:0.0.0.0', '::2']],
  ['link-local', ['169.254.169.254', 'fe80::1', 'febf::1', '::ffff:169.254.169.254']],
  ['metadata', ['100.100.100.200', '168.63.129.16', 'fd00:ec2::254', 'fd20:ce::254']],
  ['multicast', ['224.0.0.1', '239.255.255.255', 'ff02::1']],
  ['broadcast', ['255.255.255.255', '::ffff:255.255.255.255']],
])('%s: %j', (kind, addresses) => {
  for (const address of addresses) expect(kindOf(ip(address)), address).toBe(kind);
});

test.each([
  ['10.0.0.0/8', '10.1.2.3', true],
  ['0.0.0.0/0', '10.1.2.3', true],
  ['0.0.0.0/0', '8.8.8.8', true],
  ['0.0.0.0/0', '::ffff:10.0.0.1', true],
  ['::/0', 'fd00::1', true],
  ['0.0.0.0/0', '127.0.0.1', false],
  ['0.0.0.0/0', '0.0.0.0', false],
  ['0.0.0.0/0', '169.254.169.254', false],
  ['0.0.0.0/0', '255.255.255.255', false],
  ['224.0.0.0/3', '224.0.0.1', false],
  ['100.64.0.0/10', '100.100.100.200', false],
  ['100.100.100.200', '100.100.100.200', true],
  ['fd00::/8', 'fd00:ec2::254', false],
  ['::/0', '::1', false],
  ['::/0', 'fe80::1', false],
  ['::/127', '::1', false],
  ['127.0.0.0/8', '127.0.0.1', true],
  ['127.0.0.1', '::ffff:127.0.0.1', true],
  ['::1', '::1', true],
  ['fe80::/10', 'fe80::1', true],
  ['126.0.0.0/7', '127.0.0.1', false],
])('a range of %s admits %s: %s', (text, address, expected) => {
  expect(admits(range(text), ip(address))).toBe(expected);
});

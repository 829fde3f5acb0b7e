import { describe, expect, test } from 'vitest';
import { isInRange, isWithin, parseIp, parseIpRange } from './ip.ts';

const ip = (text: string) => parseIp(text) ?? expect.fail(`expected an address: ${text}`);
const range = (text: string) => parseIpRange(text) ?? expect.fail(`expected a range: ${text}`);

test.each([
  ['1.2.3.4', 32, 0x01020304n],
  ['255.255.255.255', 32, 0xffffffffn],
  ['::', 128, 0n],
  ['::1', 128, 1n],
  ['1::', 128, 1n << 112n],
  ['1:2:3:4:5:6:7:8', 128, 0x00010002000300040005000600070008n],
  ['::ffff:1.2.3.4', 128, 0xffff01020304n],
  ['64:ff9b::1.2.3.4', 128, 0x0064ff9b000000000000000001020304n],
  ['FE80::A%eth0', 128, (0xfe80n << 112n) | 10n],
])('%s is a number of %i bits', (text, bits, value) => {
  expect(parseIp(text)).toEqual({ bits, value });
});

test.each(['', '1.2.3', '01.2.3.4', '0x7f.0.0.1', '256.1.1.1', '::1::', '1:2', 'localhost', '[::1]'])(
  '%j is no address',
  (text) => expect(parseIp(text)).toBeNull(),
);

describe('a range', () => {
  test.each([
    ['10.0.0.0/8', '10.255.255.255', true],
    ['10.0.0.0/8', '11.0.0.0', false],
    ['10.1.2.3/8', '10.0.0.0', true],
    ['0.0.0.0/0', '255.1.1.1', true],
    ['0.0.0.0/0', '::1', false],
    ['::/0', '1.2.3.4', false],
    ['fd00::/8', 'fdff::1', true],
    ['fd00::/8', 'fc00::1', false],
    ['127.0.0.1', '127.0.0.1', true],
    ['127.0.0.1', '127.0.0.2', false],
    ['172.16.0.0/12', '172.31.255.255', true],
    ['172.16.0.0/12', '172.32.0.0', false],
  ])('%s holds %s: %s', (text, address, expected) => {
    expect(isInRange(range(text), ip(address))).toBe(expected);
  });

  test('lies within another when all of it does', () => {
    expect(isWithin(range('127.0.0.0/8'), range('127.1.0.0/16'))).toBe(true);
    expect(isWithin(range('127.0.0.0/8'), range('126.0.0.0/7'))).toBe(false);
    expect(isWithin(range('::/0'), range('1.2.3.4'))).toBe(false);
  });

  test.each(['10.0.0.0/33', '10.0.0.0/', '10.0.0.0/-1', '10.0.0.0/8/8', '::/129', 'fe80::1%1/64', 'a/8', '10/8'])(
    'is not %j',
    (text) => expect(parseIpRange(text)).toBeNull(),
  );
});

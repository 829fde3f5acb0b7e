import { expect, test } from 'vitest';
import { limits } from '../contracts/limits.ts';
import { parseRetryAfter } from './retry-after.ts';

const now = Date.parse('2030-01-01T00:00:00Z');

const parse = (retryAfter: string | null, date: string | null = null) =>
  parseRetryAfter((name) => (name === 'date' ? date : retryAfter), now);

test.each([
  ['7', 7_000],
  ['0', 0],
  [' 12 ', 12_000],
])('%j is so many seconds', (value, expected) => {
  expect(parse(value)).toBe(expected);
});

test('a date is counted from our clock, or from the clock of whoever sent it', () => {
  expect(parse('Tue, 01 Jan 2030 00:00:30 GMT')).toBe(30_000);
  expect(parse('Tuesday, 01-Jan-30 00:00:30 GMT')).toBe(30_000);
  expect(parse('Sun, 06 Nov 1994 08:49:57 GMT', 'Sun, 06 Nov 1994 08:49:37 GMT')).toBe(20_000);
  expect(parse('Tue, 01 Jan 2030 00:00:30 GMT', 'yesterday')).toBe(30_000);
});

test('a date that has passed means at once', () => {
  expect(parse('Sun, 06 Nov 1994 08:49:37 GMT')).toBe(0);
});

test.each(['315360000', '9'.repeat(400), 'Sun, 01 Jan 2040 00:00:00 GMT'])('%s is clamped', (value) => {
  expect(parse(value)).toBe(limits.retryAfterMs);
});

test.each([
  null,
  '',
  'soon',
  '-5',
  '1.5',
  '5 apples',
  '0x10',
  'Infinity',
  '2030-01-01',
  'Xyz, 99 Qqq 2030 00:00:00 GMT',
])('%j says nothing', (value) => {
  expect(parse(value)).toBeUndefined();
});

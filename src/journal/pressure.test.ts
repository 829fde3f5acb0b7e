import { expect, test } from 'vitest';
import { shareOf } from './pressure.ts';

test.each([
  [
    'half full',
    '# Memory\r\nused_memory:50\r\nused_memory_rss:9000\r\nmaxmemory:100\r\nmaxmemory_policy:noeviction\r\n',
    0.5,
  ],
  ['fuller than it may be', 'used_memory:150\nmaxmemory:100\n', 1.5],
  ['without a bound', 'used_memory:50\r\nmaxmemory:0\r\n', 0],
  ['one that does not tell', '# Memory\r\n', 0],
  ['one that tells its bound only', 'maxmemory:100\r\n', 0],
])('how full Redis is: %s', (_what, info, share) => {
  expect(shareOf(info)).toBe(share);
});

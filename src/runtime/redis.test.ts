import { expect, test } from 'vitest';
import { retryDelayMs } from './redis.ts';

test('the pause before a reconnect doubles up to its cap', () => {
  const most = [1, 2, 3, 6, 7, 1_000].map((attempt) => retryDelayMs(attempt, 2_000, () => 1));
  expect(most).toEqual([50, 100, 200, 1_600, 2_000, 2_000]);
});

test('half of the pause is random', () => {
  expect(retryDelayMs(7, 2_000, () => 0)).toBe(1_000);
});

import { expect, test } from 'vitest';
import { jobPriority } from './priority.ts';

test('urgency decides first, then depth, within the range of BullMQ', () => {
  const order = [
    jobPriority('high', 5_000),
    jobPriority('high', 1),
    jobPriority('high', 0),
    jobPriority('normal', 5_000),
    jobPriority('normal', 0),
    jobPriority('low', 5_000),
    jobPriority('low', 0),
  ];
  expect(order).toEqual(order.toSorted((a, b) => a - b));
  expect(new Set(order).size).toBe(order.length);
  expect(Math.min(...order)).toBeGreaterThanOrEqual(1);
  expect(Math.max(...order)).toBeLessThan(2_097_152);
});

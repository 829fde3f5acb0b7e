import { expect, test } from 'vitest';
import { bestGroup, bestOf } from './best-of.ts';

const up = (a: number, b: number): number => a - b;

test.each([
  [[3, 1, 2], 2, [1, 2]],
  [[1, 2, 3], 5, [1, 2, 3]],
  [[], 3, []],
  [[2, 1], 0, []],
])('of %j the best %d are %j', (items, count, best) => {
  expect(bestOf(items, up, count)).toEqual(best);
});

test('equal items stay as they came', () => {
  const items = [
    { rank: 1, name: 'a' },
    { rank: 0, name: 'b' },
    { rank: 1, name: 'c' },
    { rank: 0, name: 'd' },
  ];
  const best = bestOf(items, (a, b) => a.rank - b.rank, 3);
  expect(best.map(({ name }) => name)).toEqual(['b', 'd', 'a']);
  expect(bestGroup(items, (a, b) => a.rank - b.rank).map(({ name }) => name)).toEqual(['b', 'd']);
});

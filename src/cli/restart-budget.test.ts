import { expect, test } from 'vitest';
import { openRestartBudget } from './restart-budget.ts';

test('five deaths within a minute are survived, with longer and longer waits, and the sixth is not', () => {
  const budget = openRestartBudget(() => 1);
  expect([0, 1, 2, 3, 4, 5].map((second) => budget.spend(second * 1_000))).toEqual([
    250,
    500,
    1_000,
    2_000,
    4_000,
    null,
  ]);
});

test('deaths of more than a minute ago are forgotten', () => {
  const budget = openRestartBudget(() => 0);
  for (const second of [0, 1, 2, 3, 4]) budget.spend(second * 1_000);
  expect(budget.spend(64_000)).toBe(125);
});

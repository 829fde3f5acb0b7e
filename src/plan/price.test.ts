import { expect, test } from 'vitest';
import { Price } from '../contracts/budget.ts';
import { chargeOf, costOf, estimateOf, largerOf } from './price.ts';

const usage = { prompt_tokens: 1_000, completion_tokens: 500, total_tokens: 1_500 };
const price = Price.parse({ input_per_million: 2.5, output_per_million: 10, per_call: 0.01 });
const perCall = Price.parse({ per_call: 0.02 });

test('a call costs its tokens each way and its fee, to a millionth of a dollar', () => {
  expect(costOf(usage, price)).toBe(0.0175);
  expect(costOf({ ...usage, prompt_tokens: 1, completion_tokens: 0 }, Price.parse({ input_per_million: 0.3 }))).toBe(0);
});

test('nothing is known of the cost without a price, or when tokens have a price and nobody counted them', () => {
  expect(costOf(usage, undefined)).toBeNull();
  expect(costOf(null, price)).toBeNull();
  expect(costOf(null, perCall)).toBe(0.02);
});

test('set aside are the most tokens of an answer at the dearer price, or 1,000 when no bound is known', () => {
  expect(estimateOf({ max_tokens: 200, price })).toEqual({ tokens: 200, cost: 0.012 });
  expect(estimateOf({ max_tokens: null })).toEqual({ tokens: 1_000, cost: 0 });
});

test('charged is what was used, or what was set aside when nobody counted', () => {
  expect(chargeOf(usage, { price })).toEqual({ tokens: 1_500, cost: 0.0175 });
  expect(chargeOf(usage, {})).toEqual({ tokens: 1_500, cost: 0 });
  expect(chargeOf(null, { max_tokens: 200, price })).toEqual({ tokens: 200, cost: 0.012 });
});

test('the larger of two covers either', () => {
  expect(largerOf({ tokens: 1, cost: 2 }, { tokens: 3, cost: 1 })).toEqual({ tokens: 3, cost: 2 });
});

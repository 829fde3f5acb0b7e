import type { Price, Spending } from '../contracts/budget.ts';
import { defaults } from '../contracts/limits.ts';
import type { Usage } from '../contracts/result.ts';

/** An agent, or a model, as far as its calls cost something. Without a price they cost no money. */
export type Priced = { readonly max_tokens?: number | null; readonly price?: Price | undefined };

const MICRO = 1_000_000;

/** US dollars of a call, to a millionth; null without a price, and when the price is by tokens that nobody counted. */
export function costOf(usage: Usage | null, price: Price | undefined): number | null {
  if (price === undefined) return null;
  const { input_per_million, output_per_million, per_call } = price;
  if (usage === null && input_per_million + output_per_million > 0) return null;
  const { prompt_tokens = 0, completion_tokens = 0 } = usage ?? {};
  // US dollars per million tokens are millionths of a dollar per token.
  const micro = prompt_tokens * input_per_million + completion_tokens * output_per_million + per_call * MICRO;
  return Math.round(micro) / MICRO;
}

/** What to set aside before a call: the most tokens it may give, each at the dearer of its prices. */
export function estimateOf({ max_tokens, price }: Priced): Spending {
  const tokens = max_tokens ?? defaults.reserveTokens;
  if (price === undefined) return { tokens, cost: 0 };
  const dearest = Math.max(price.input_per_million, price.output_per_million);
  return { tokens, cost: Math.round(tokens * dearest + price.per_call * MICRO) / MICRO };
}

/** What a call that was answered is charged: what it used, or the estimate when nobody counted. */
export function chargeOf(usage: Usage | null, priced: Priced): Spending {
  if (usage === null) return estimateOf(priced);
  return { tokens: usage.total_tokens, cost: costOf(usage, priced.price) ?? 0 };
}

/** The larger of both in each: what covers either. */
export function largerOf(one: Spending, other: Spending): Spending {
  return { tokens: Math.max(one.tokens, other.tokens), cost: Math.max(one.cost, other.cost) };
}

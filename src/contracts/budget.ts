import { z } from 'zod';

/** What a run may spend on agents and models. Money is in US dollars; agents and models without a price cost nothing. */
export const Budget = z
  .strictObject({
    max_tokens: z.int().min(1, 'expected at least 1').optional(),
    max_cost: z.number().positive('expected more than 0').max(1_000_000).optional(),
  })
  .refine(
    (budget) => budget.max_tokens !== undefined || budget.max_cost !== undefined,
    'expected "max_tokens" or "max_cost"',
  );
export type Budget = z.infer<typeof Budget>;

/** Tokens and US dollars. */
export const Spending = z.object({ tokens: z.number(), cost: z.number() });
export type Spending = z.infer<typeof Spending>;

/** A run's ledger: its bounds, what calls have cost, and what is set aside for calls that run. */
export const BudgetView = z.object({
  max_tokens: z.int().nullable(),
  max_cost: z.number().nullable(),
  spent: Spending,
  reserved: Spending,
});
export type BudgetView = z.infer<typeof BudgetView>;

/** What a call costs: US dollars per million tokens each way, and per call. */
export const Price = z.strictObject({
  input_per_million: z.number().min(0).default(0),
  output_per_million: z.number().min(0).default(0),
  per_call: z.number().min(0).default(0),
});
export type Price = z.infer<typeof Price>;

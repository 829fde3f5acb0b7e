import type { BudgetView } from '../contracts/budget.ts';
import { RunOptions } from '../contracts/run-options.ts';
import type { Store } from './store.ts';

/** Reads a run's ledger; null when it has no budget, or there is no such run. */
export async function loadBudget({ redis, keys }: Store, run: string): Promise<BudgetView | null> {
  const names = keys.run(run);
  const [options, fields] = await Promise.all([redis.hget(names.run, 'options'), redis.hgetall(names.budget)]);
  const budget = options === null ? undefined : RunOptions.parse(JSON.parse(options)).budget;
  if (budget === undefined) return null;
  const number = (field: string): number => Number(fields[field] ?? 0);
  return {
    max_tokens: budget.max_tokens ?? null,
    max_cost: budget.max_cost ?? null,
    spent: { tokens: number('spent_tokens'), cost: toDollars(number('spent_cost')) },
    reserved: reservedIn(fields),
  };
}

function reservedIn(fields: Readonly<Record<string, string>>): BudgetView['reserved'] {
  const calls = Object.entries(fields).flatMap(([name, value]) => (name.startsWith('call:') ? [value.split(' ')] : []));
  const sum = (at: number): number => calls.reduce((total, parts) => total + Number(parts[at]), 0);
  return { tokens: sum(1), cost: toDollars(sum(2)) };
}

function toDollars(micro: number): number {
  return micro / 1_000_000;
}

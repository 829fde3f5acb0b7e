import { z } from 'zod';

/**
 * What a spawned agent takes of the pool: itself, memory in MiB, and tokens per minute of the model's rate. The latter two are what
 * its template says: baton counts them, it does not measure them.
 */
export const poolUnits = ['agents', 'memory_mb', 'tokens_per_minute'] as const;
export type PoolUnit = (typeof poolUnits)[number];

/** How much there is of each, or how much of each is taken. */
export type PoolAmounts = Readonly<Record<PoolUnit, number>>;

/** What a template's agents need, each agent being one of `agents`. */
export const ResourceNeeds = z.strictObject({
  memory_mb: z.int().min(0).max(1_000_000).default(64),
  tokens_per_minute: z.int().min(0).max(1_000_000_000).default(10_000),
});
export type ResourceNeeds = z.infer<typeof ResourceNeeds>;

/** Room for a hundred agents of ordinary needs. Allocation adds up what all of them hold, so their number is bounded too. */
export const defaultPool: PoolAmounts = { agents: 100, memory_mb: 16_384, tokens_per_minute: 2_000_000 };
const most: PoolAmounts = { agents: 2_000, memory_mb: 1_000_000_000, tokens_per_minute: 1_000_000_000_000 };

/** Reads `agents=20,memory_mb=4096`; a unit that is not named keeps its default. Undefined for anything else. */
export function parsePool(text: string): PoolAmounts | undefined {
  const pool: Record<PoolUnit, number> = { ...defaultPool };
  for (const part of text.split(',')) {
    const [, name, digits] = /^\s*([a-z_]+)\s*=\s*(\d{1,13})\s*$/.exec(part) ?? [];
    const unit = poolUnits.find((known) => known === name);
    if (unit === undefined || Number(digits) > most[unit]) return undefined;
    pool[unit] = Number(digits);
  }
  return pool;
}

/** What one spawned agent holds, and for whom it was made; `task_id` is null for one that serves its whole run. */
export const Holding = z.object({
  run_id: z.string(),
  task_id: z.string().nullable(),
  template: z.string(),
  /** Below which an answer's own confidence counts as a failure of its template; null when nothing counts. */
  quality_threshold: z.number().nullable(),
  agents: z.number(),
  memory_mb: z.number(),
  tokens_per_minute: z.number(),
});
export type Holding = z.infer<typeof Holding>;

/** GET /v1/pool: what there is, what is taken, and by which agents. */
export const PoolView = z.object({
  capacity: z.record(z.enum(poolUnits), z.number()),
  taken: z.record(z.enum(poolUnits), z.number()),
  agents: z.array(Holding.extend({ agent_id: z.string() })),
});
export type PoolView = z.infer<typeof PoolView>;

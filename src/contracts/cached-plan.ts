import { z } from 'zod';
import { RunId } from './ids.ts';
import { Plan } from './plan.ts';
import { Usage } from './result.ts';

/** A plan that the model made for a run, kept for equal queries: whose it was, when it was made (ms since 1970), and what that took. */
export const CachedPlan = z.object({ run: RunId, at: z.number(), plan: Plan, usage: Usage.nullable() });
export type CachedPlan = z.infer<typeof CachedPlan>;

/** Whose plan a run carries out in place of one of its own, and how old it was. */
export const PlanReuse = z.object({ from: RunId, age_ms: z.number() });
export type PlanReuse = z.infer<typeof PlanReuse>;

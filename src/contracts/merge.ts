import { z } from 'zod';

const share = z.number().min(0).max(1);

/** How much each result counts in an answer (the seed's weights), and how good all of them are together. */
export const MergeView = z.object({
  /** The shares add up to 1. `quality` is a reviewer's word, else the agent's own, else the middle. */
  parts: z.array(z.object({ task_id: z.string(), quality: share, weight: z.number(), share })),
  /** By the weights. */
  quality: share,
  /** Where the quality lies with a confidence of 95 %; null for less than two results. */
  interval: z.object({ low: share, high: share }).nullable(),
  /** Fields to which results in JSON give different values, as JSON by task. */
  contradictions: z.array(z.object({ field: z.string(), values: z.record(z.string(), z.string()) })),
});
export type MergeView = z.infer<typeof MergeView>;

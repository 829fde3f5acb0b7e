import { z } from 'zod';
import { Capability } from './agent.ts';

const mean = z.number().nullable().default(null);

/** What an agent's work of one capability came to. Means are of its last answers, null where nothing is known. */
export const WorkView = z.object({
  /** Tasks that ended with its answer, and calls that failed. */
  done: z.int(),
  failed: z.int(),
  /** 0 to 1 by reviewers' words, and by its own, which counts a quarter. */
  quality: mean,
  /** US dollars of one answer. */
  cost: mean,
  tokens: mean,
  latency_ms: mean,
});
export type WorkView = z.infer<typeof WorkView>;

/** The same by capability. */
export const HistoryView = z.partialRecord(Capability, WorkView);
export type HistoryView = z.infer<typeof HistoryView>;

import { z } from 'zod';
import { TaskOutcome } from './result.ts';

/** One step of a sequence that has ended; `result` is the beginning of its text, or why there is none. */
export const LoggedStep = z.object({
  step: z.int(),
  task_id: z.string(),
  description: z.string(),
  agent_id: z.string(),
  status: TaskOutcome,
  latency_ms: z.number(),
  result: z.string(),
});
export type LoggedStep = z.infer<typeof LoggedStep>;

import { z } from 'zod';
import { InterruptView } from '../contracts/interrupt.ts';
import { RunSummary } from '../contracts/run.ts';

/** GET /v1/runs: one page, newest first, and where the next begins. */
export const RunPage = z.object({ runs: z.array(RunSummary), next_cursor: z.string().nullable() });
export type RunPage = z.infer<typeof RunPage>;

/** GET /v1/interrupts: one page of open questions, newest first, and where the next begins. */
export const InterruptPage = z.object({ interrupts: z.array(InterruptView), next_cursor: z.string().nullable() });
export type InterruptPage = z.infer<typeof InterruptPage>;

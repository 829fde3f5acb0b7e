import { z } from 'zod';
import { RunSummary } from './run.ts';
import { SessionId } from './session.ts';

/** GET /v1/sessions/{id}: one page of its runs, newest first, and where the next begins. */
export const SessionView = z.object({
  session_id: SessionId,
  /** Its runs that have not ended, those that wait for their turn included. */
  open: z.int(),
  runs: z.array(RunSummary),
  next_cursor: z.string().nullable(),
});
export type SessionView = z.infer<typeof SessionView>;

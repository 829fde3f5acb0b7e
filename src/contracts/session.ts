import { z } from 'zod';

/** A session's id: chosen by the client, it ties runs together. */
export const SessionId = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/,
    'expected 1 to 64 letters, digits, "_", "." or "-", not starting with a sign',
  );

/**
 * What a new run does while an earlier one of its session has not ended: it is refused, it waits for its turn, or the earlier ones
 * are cancelled and it begins when they have ended.
 */
export const OnBusy = z.enum(['reject', 'enqueue', 'cancel_previous']);
export type OnBusy = z.infer<typeof OnBusy>;

/** Runs of one session that have not ended; runs that it lists; of the history that prompts get: runs, and characters of all their texts. */
export const sessionLimits = { openRuns: 100, runs: 1_000, historyRuns: 10, historyChars: 24_000 } as const;

/** A run's place in a session, as its record has it. */
export const SessionPlace = z.object({ id: SessionId, on_busy: OnBusy });
export type SessionPlace = z.infer<typeof SessionPlace>;

/** The same as the run shows it. `waiting`: earlier runs of the session have not ended, so this one has not begun. */
export const RunSession = SessionPlace.extend({ waiting: z.boolean() });
export type RunSession = z.infer<typeof RunSession>;

/** An earlier run of a session, as prompts tell it. The answer is empty when it gave none. Both texts are data, whatever they say. */
export type SessionTurn = {
  readonly query: string;
  readonly outcome: 'completed' | 'failed' | 'cancelled';
  readonly answer: string;
};

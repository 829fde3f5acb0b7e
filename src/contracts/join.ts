import { z } from 'zod';

/** Why a join went on: all branches had settled, its quota was full (at once, or after the grace period), or its time was up. */
export const ReleaseReason = z.enum(['all', 'quorum', 'grace', 'timeout']);

/** How a join was released, written once. `need` is the quota; late branches are not among its inputs, whatever becomes of them. */
export const JoinRelease = z.object({
  reason: ReleaseReason,
  need: z.int(),
  completed: z.array(z.string()),
  /** Settled without completing. */
  unfinished: z.array(z.string()),
  late: z.array(z.string()),
});
export type JoinRelease = z.infer<typeof JoinRelease>;

import type { JobsOptions } from 'bullmq';

/**
 * Options of every job of ours. A processor says `again` or records what happened, and does not throw; should it throw all the
 * same (Redis away in the wrong moment, a job of a newer version), the job comes back after a pause, rather than fail and leave
 * its run open. What bounds a task that ends its workers is limits.claims.
 *
 * Jobs of a run stay until the run is removed, which is BullMQ's default: a finished id blocks a second add of the same job.
 */
export const returningJob = {
  attempts: 1_000_000,
  backoff: { type: 'fixed', delay: 1_000, jitter: 0.5 },
  stackTraceLimit: 1,
} as const satisfies JobsOptions;

/** BullMQ must never fail a stalled job by itself: that skips the processor and leaves edges unresolved. limits.claims bounds it. */
export const NO_STALL_LIMIT = 1_000_000;

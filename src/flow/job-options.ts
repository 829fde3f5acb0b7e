import type { JobsOptions } from 'bullmq';

/**
 * Options of every job of ours. A processor says `again` or records what happened, and does not throw; should it throw all the
 * same (Redis away in the wrong moment, a job of a newer version), the job comes back after a pause, rather than fail and leave
 * its run open. What bounds a task that ends its workers is limits.claims.
 */
export const returningJob = {
  attempts: 1_000_000,
  backoff: { type: 'fixed', delay: 1_000, jitter: 0.5 },
  stackTraceLimit: 1,
} as const satisfies JobsOptions;

/** Jobs of a run stay until the run is removed: a finished id blocks a second add of the same job. To keep them is BullMQ's default. */
export const keptJob = returningJob;

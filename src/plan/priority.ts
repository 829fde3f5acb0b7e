import type { Priority } from '../contracts/plan.ts';

/** Levels of one urgency: BullMQ's priorities go from 1, taken first, to 2,097,151. */
const LEVELS = 1_000;
const urgency: Readonly<Record<Priority, number>> = { high: 0, normal: 1, low: 2 };

/**
 * The priority of a task's job. Every high one comes before every normal one; among equals the deeper task comes first, so that runs
 * that have begun end before others begin. `level` is the length of the longest way from a task without dependencies.
 */
export function jobPriority(priority: Priority, level: number): number {
  return urgency[priority] * LEVELS + LEVELS - Math.min(level, LEVELS - 1);
}

/** Whether a job's priority is that of high urgency. */
export function isUrgent(priority: number): boolean {
  return priority > 0 && priority <= LEVELS;
}

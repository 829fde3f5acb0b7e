import { z } from 'zod';
import { JobRef } from './job.ts';
import { SubTask } from './plan.ts';

/** A task that another task added, and its job. */
export const Child = z.object({ task: SubTask, job: JobRef });
export type Child = z.infer<typeof Child>;

/**
 * One decision of a task that works through others: the tasks that it adds and waits for, and what it wants to know of it later.
 * Decided once; without children it is the last one.
 */
export const Round = z.object({ children: z.array(Child), note: z.unknown() });
export type Round = z.infer<typeof Round>;

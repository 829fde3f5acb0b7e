import { z } from 'zod';
import { JobRef } from './job.ts';
import { SubTask } from './plan.ts';

/** A task that a map task added, and its job. */
export const Child = z.object({ task: SubTask, job: JobRef });
export type Child = z.infer<typeof Child>;

/** The children of one map task, in the order of its list: decided once. */
export const Children = z.array(Child);

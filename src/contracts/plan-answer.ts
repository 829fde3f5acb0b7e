import { z } from 'zod';
import { TaskId } from './ids.ts';

/**
 * What a run's answer is when no model merges its results: the text of one task, or the texts of all tasks in the plan's order with
 * this between them.
 */
export const PlanAnswer = z.union([z.strictObject({ from: TaskId }), z.strictObject({ join: z.string().max(200) })]);
export type PlanAnswer = z.infer<typeof PlanAnswer>;

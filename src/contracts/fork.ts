import { z } from 'zod';
import { AgentId, TaskId } from './ids.ts';
import { limits } from './limits.ts';
import { SubTask } from './plan.ts';
import { Usage } from './result.ts';

/** What a fork changes of a task: it replaces what was there. */
export const TaskEdit = z
  .strictObject({ input_data: SubTask.shape.input_data.unwrap().optional(), agent: AgentId.optional() })
  .refine((edit) => Object.keys(edit).length > 0, 'expected "input_data" or "agent"');
export type TaskEdit = z.infer<typeof TaskEdit>;

/** Body of POST /v1/runs/{id}/fork: tasks to run again, and tasks to change, which run again too. */
export const ForkRequest = z
  .strictObject({
    from: z.array(TaskId).max(limits.planTasks).default([]),
    edits: z.record(TaskId, TaskEdit).default({}),
  })
  .refine(({ from, edits }) => from.length + Object.keys(edits).length > 0, 'expected "from" or "edits"');
export type ForkRequest = z.infer<typeof ForkRequest>;

/** Answer of a dry run: what would run again, what would be re-used, and what the former cost last time. */
export const ForkPreview = z.object({
  rerun: z.array(z.string()),
  reused: z.array(z.string()),
  last: z.object({ usage: Usage.nullable(), cost: z.number().nullable(), latency_ms: z.number() }),
});
export type ForkPreview = z.infer<typeof ForkPreview>;

import { z } from 'zod';
import { Capability } from './agent.ts';
import { AgentId, TaskId } from './ids.ts';
import { limits } from './limits.ts';

const jsonObject = (maxBytes: number) =>
  z
    .record(z.string(), z.unknown())
    .refine(
      (value) => new TextEncoder().encode(JSON.stringify(value)).length <= maxBytes,
      `expected at most ${maxBytes} bytes of JSON`,
    );

/** What a task does when a dependency did not complete. */
export const DependencyPolicy = z.enum(['skip', 'partial']);
export type DependencyPolicy = z.infer<typeof DependencyPolicy>;

/** One unit of work: the seed's fields, then baton's optional ones. */
export const SubTask = z.strictObject({
  task_id: TaskId,
  description: z.string().min(1).max(limits.descriptionChars),
  required_capability: Capability,
  input_data: jsonObject(limits.inputBytes).default({}),
  depends_on: z.array(TaskId).max(limits.planTasks).default([]),
  on_dependency_failure: DependencyPolicy.default('skip'),
  /** Pins the task to one agent. */
  agent: AgentId.optional(),
  /** Bound of the whole task, all attempts and waits together. */
  timeout_ms: z.int().min(100).max(86_400_000).optional(),
  /** Calls of agents for this task after the first one failed. */
  retries: z.int().min(0).max(20).optional(),
});
export type SubTask = z.infer<typeof SubTask>;

/** A DAG of tasks (the seed's ExecutionPlan). The shape only: plan/validate.ts checks the graph. */
export const Plan = z.strictObject({
  plan_id: z.string().max(200).default(''),
  original_query: z.string().max(limits.queryChars).default(''),
  reasoning: z.string().max(limits.descriptionChars).default(''),
  sub_tasks: z.array(SubTask).min(1).max(limits.planTasks),
});
export type Plan = z.infer<typeof Plan>;

export const Metadata = jsonObject(limits.metadataBytes);

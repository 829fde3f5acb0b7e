import { z } from 'zod';
import { RunId } from './ids.ts';
import { limits } from './limits.ts';
import { Metadata, Plan } from './plan.ts';
import { TaskResult, Usage } from './result.ts';

/** The states of a run. `waiting` (for a human) is reserved for interrupts. */
export const RunStatus = z.enum(['queued', 'planning', 'running', 'synthesizing', 'completed', 'failed', 'cancelled']);
export type RunStatus = z.infer<typeof RunStatus>;

/** The legal transitions; journal scripts take the sources from here and compare before they set. */
export const transitions: Readonly<Record<RunStatus, readonly RunStatus[]>> = {
  queued: ['planning', 'running', 'failed', 'cancelled'],
  planning: ['running', 'failed', 'cancelled'],
  running: ['synthesizing', 'completed', 'failed', 'cancelled'],
  synthesizing: ['completed', 'failed', 'cancelled'],
  completed: [],
  failed: [],
  cancelled: [],
};

export function isTerminal(status: RunStatus): boolean {
  return transitions[status].length === 0;
}

/** The states a run may come from into `status`. */
export function sourcesOf(status: RunStatus): readonly RunStatus[] {
  return RunStatus.options.filter((from) => transitions[from].includes(status));
}

/** Body of POST /v1/runs: a query for the planner, or a ready plan. */
export const RunRequest = z
  .strictObject({
    query: z.string().trim().min(1).max(limits.queryChars).optional(),
    plan: Plan.optional(),
    metadata: Metadata.default({}),
  })
  .refine((body) => body.query !== undefined || body.plan !== undefined, 'expected "query" or "plan"');
export type RunRequest = z.infer<typeof RunRequest>;

export const RunLinks = z.object({ self: z.string(), events: z.string(), cancel: z.string() });

/** Answer of POST /v1/runs: 202. */
export const RunAccepted = z.object({ run_id: RunId, status: RunStatus, links: RunLinks });
export type RunAccepted = z.infer<typeof RunAccepted>;

export const TaskStatus = z.enum(['pending', 'running', 'completed', 'failed', 'skipped']);
export type TaskStatus = z.infer<typeof TaskStatus>;

export const TaskView = z.object({
  task_id: z.string(),
  description: z.string(),
  required_capability: z.string(),
  depends_on: z.array(z.string()),
  status: TaskStatus,
  agent_id: z.string().nullable(),
  attempts: z.int(),
});
export type TaskView = z.infer<typeof TaskView>;

/** One line of GET /v1/runs. */
export const RunSummary = z.object({
  run_id: RunId,
  status: RunStatus,
  query: z.string(),
  created_at: z.iso.datetime(),
  ended_at: z.iso.datetime().nullable(),
  partial: z.boolean(),
  links: RunLinks,
});
export type RunSummary = z.infer<typeof RunSummary>;

/** GET /v1/runs/{id}. */
export const RunView = RunSummary.extend({
  metadata: Metadata,
  plan: Plan.nullable(),
  tasks: z.array(TaskView),
  results: z.array(TaskResult),
  response: z.string().nullable(),
  error: z.object({ code: z.string(), message: z.string() }).nullable(),
  /** What did not go as asked, in words for a person: failed and skipped tasks, a synthesis that fell back. */
  warnings: z.array(z.string()),
  usage: Usage.nullable(),
  /** The model that planned, and whether it is the offline stand-in; null before planning and for ready plans. */
  model: z.object({ name: z.string(), offline: z.boolean() }).nullable(),
});
export type RunView = z.infer<typeof RunView>;

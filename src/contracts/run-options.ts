import { z } from 'zod';
import { Budget } from './budget.ts';
import { TaskId } from './ids.ts';
import { Approval, Priority } from './plan.ts';

/**
 * How much of a plan runs at once (the seed's workflow modes). `dag`: whatever its edges allow. The others add edges that only
 * order: one task at a time, at most five, or at most three; `auto` decides by the seed's thresholds (plan/mode.ts).
 */
export const Mode = z.enum(['dag', 'sequential', 'parallel', 'adaptive', 'auto']);
export type Mode = z.infer<typeof Mode>;

/** A decided mode, and for `auto` what it was decided from, each from 0 to 1. */
export const ModeDecision = z.object({
  asked: Mode,
  mode: Mode.exclude(['auto']),
  lanes: z.int().nullable(),
  complexity: z.number(),
  interdependency: z.number(),
  free_capacity: z.number(),
});
export type ModeDecision = z.infer<typeof ModeDecision>;

/** Where a run stops for a human: a task's id, a kind of task, `join` for every task with a join, or `plan` for the plan itself. */
export const InterruptPoint = z.union([z.enum(['agent', 'map', 'approval', 'join', 'plan']), TaskId]);

/** What may be asked of a run beside its query or plan. */
export const RunOptions = z.strictObject({
  mode: Mode.default('dag'),
  priority: Priority.default('normal'),
  /** Milliseconds from its creation after which the run ends with what it has. */
  deadline_ms: z
    .int()
    .min(100)
    .max(30 * 86_400_000)
    .optional(),
  budget: Budget.optional(),
  /** Tasks may take results of equal calls from the cache, and leave theirs there, unless they say otherwise. */
  cache: z.boolean().default(false),
  interrupt_before: z.array(InterruptPoint).max(500).default([]),
  interrupt_after: z.array(InterruptPoint).max(500).default([]),
  /** How long these questions, the one about the plan included, stay open, and what is decided then. */
  interrupt: Approval.omit({ when: true }).prefault({}),
});
export type RunOptions = z.infer<typeof RunOptions>;

/** What a run has of which nothing was asked. */
export const plainOptions: RunOptions = RunOptions.parse({});

import { z } from 'zod';
import { Budget } from './budget.ts';
import { TaskId } from './ids.ts';
import { limits } from './limits.ts';
import { Approval, Priority } from './plan.ts';
import { Recovery } from './plan-patch.ts';
import { Strategy } from './strategy.ts';

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
export const InterruptPoint = z.union([
  z.enum(['agent', 'map', 'review', 'vote', 'talk', 'approval', 'program', 'join', 'plan']),
  TaskId,
]);

/** What may be asked of a run beside its query or plan. */
export const RunOptions = z.strictObject({
  /** How its query becomes a plan; `plan` unless it is given. */
  strategy: Strategy.optional(),
  mode: Mode.default('dag'),
  priority: Priority.default('normal'),
  /** Milliseconds from its creation after which the run ends with what it has. */
  deadline_ms: z
    .int()
    .min(100)
    .max(30 * 86_400_000)
    .optional(),
  budget: Budget.optional(),
  /** Whether its plan may be repaired when a task fails; fixed unless asked for. */
  recovery: Recovery.optional(),
  /**
   * true: tasks may take results of equal calls from the cache, and leave theirs there, unless they say otherwise. false: neither they do
   * nor its planning. Left out: only the plan of an equal query is used again.
   */
  cache: z.boolean().optional(),
  /** Calls of the configured model; 0: it is never asked, and the results are the answer. The installation's bound unless given. */
  max_model_calls: z.int().min(0).max(limits.modelCalls).optional(),
  interrupt_before: z.array(InterruptPoint).max(500).default([]),
  interrupt_after: z.array(InterruptPoint).max(500).default([]),
  /** How long these questions, the one about the plan included, stay open, and what is decided then. */
  interrupt: Approval.omit({ when: true }).prefault({}),
});
export type RunOptions = z.infer<typeof RunOptions>;

/** What a run has of which nothing was asked. */
export const plainOptions: RunOptions = RunOptions.parse({});

import { z } from 'zod';
import { Fault } from './error.ts';

/** What is known of a task before it runs. Null: nothing is known. */
export const TaskAssessment = z.object({
  task_id: z.string(),
  /** The agent that would be chosen now; null when there is none, or none is called. */
  agent: z.string().nullable(),
  /** How many agents may be called now, of which at most 20 are counted, and how many offer the capability. */
  candidates: z.int(),
  considered: z.int(),
  /** Why no agent would be chosen. */
  reason: z.string().nullable(),
  /** Calls of agents when all goes well; null where only the run tells (a map over another task's result). */
  calls: z.int().nullable(),
  /** The mean of the agent's answers of this capability, else of its latest calls. */
  latency_ms: z.number().nullable(),
  /** For all those calls, by the means of the agent's answers of this capability; else what a budget would set aside, US dollars by its price. */
  tokens: z.number().nullable(),
  cost: z.number().nullable(),
});
export type TaskAssessment = z.infer<typeof TaskAssessment>;

/** Answer of POST /v1/plans/validate. Of a plan with faults in its shape or graph everything but the faults is empty. */
export const PlanAssessment = z.object({
  valid: z.boolean(),
  /** The first hundred. */
  faults: z.array(Fault),
  /** Task ids by level: those of one level wait for none of each other. */
  levels: z.array(z.array(z.string())),
  /** The chain of tasks that takes longest by what is known; where nothing is known, the longest one. */
  critical_path: z.array(z.object({ task_id: z.string(), ms: z.number().nullable() })),
  tasks: z.array(TaskAssessment),
  /** Sums over what is known, without planning and answer: ms along the critical path. Null where nothing is known of any task. */
  estimate: z.object({ ms: z.number().nullable(), cost: z.number().nullable(), tokens: z.number().nullable() }),
});
export type PlanAssessment = z.infer<typeof PlanAssessment>;

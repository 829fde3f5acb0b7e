import { z } from 'zod';
import { AgentPool, Capability } from './agent.ts';
import { ConsensusSpec } from './consensus.ts';
import { AgentId, TaskId } from './ids.ts';
import { defaults, limits } from './limits.ts';
import { PlanAnswer } from './plan-answer.ts';
import { ReviewSpec } from './review.ts';
import { StateName } from './state.ts';
import { StrategyDecision } from './strategy.ts';
import { TalkSpec } from './talk.ts';
import { TemplateUse } from './template.ts';

const jsonObject = (maxBytes: number) =>
  z
    .record(z.string(), z.unknown())
    .refine(
      (value) => new TextEncoder().encode(JSON.stringify(value)).length <= maxBytes,
      `expected at most ${maxBytes} bytes of JSON`,
    );

/**
 * What a task does when a dependency did not complete: it is skipped, it runs with what there is, or the whole run fails at once
 * and its other tasks are cancelled.
 */
export const DependencyPolicy = z.enum(['skip', 'partial', 'fail']);
export type DependencyPolicy = z.infer<typeof DependencyPolicy>;

/** How urgent: work of a higher level is taken first. */
export const Priority = z.enum(['high', 'normal', 'low']);
export type Priority = z.infer<typeof Priority>;

/**
 * When a task with several branches goes on without all of them (the seed's sync point). It does so at once when all have
 * settled; `grace_ms` after `min_fraction` of them have completed; at `timeout_ms`, counted from the first start of a branch, as
 * `on_timeout` says. A branch that failed does not count as completed. Late branches are ended (`drop`), or go on, and the run
 * waits for them (`keep`).
 */
export const Join = z.strictObject({
  min_fraction: z.number().gt(0, 'expected more than 0').max(1, 'expected at most 1').default(1),
  grace_ms: z.int().min(0).max(limits.waitMs).default(0),
  timeout_ms: z.int().min(1).max(limits.waitMs).optional(),
  on_timeout: z.enum(['proceed', 'redispatch', 'fail']).default('proceed'),
  late: z.enum(['drop', 'keep']).default('drop'),
});
export type Join = z.infer<typeof Join>;

/** A path into JSON: names and positions with dots between, as in `report.sections`. Empty: the value itself. */
const JsonPath = z.string().max(200);

/**
 * Run-time fan-out: one child task per item of a list, which lies in this task's input_data or in a dependency's JSON result.
 * The task completes with the JSON array of its children's texts, in the list's order, null where a child gave none.
 */
export const MapSpec = z.strictObject({
  over: z.union([
    z.strictObject({ input: JsonPath.min(1) }),
    z.strictObject({ task: TaskId, path: JsonPath.default('') }),
  ]),
  max_items: z.int().min(1).max(limits.mapItems).default(defaults.mapItems),
  /** When children fail: go on with the others' texts, unless all failed, or fail too. */
  on_item_failure: z.enum(['partial', 'fail']).default('partial'),
});
export type MapSpec = z.infer<typeof MapSpec>;

/** A question to a human about a task: before it begins, with its input, or after it, with its text. */
export const Approval = z.strictObject({
  when: z.enum(['before', 'after', 'both']).default('before'),
  /** Milliseconds until the default decision is taken. */
  expires_ms: z.int().min(100).max(limits.waitMs).default(defaults.interruptMs),
  on_expiry: z.enum(['approve', 'reject']).default('reject'),
});
export type Approval = z.infer<typeof Approval>;

export const TaskKind = z.enum(['agent', 'map', 'review', 'vote', 'talk', 'approval', 'program']);
export type TaskKind = z.infer<typeof TaskKind>;

/** One unit of work: the seed's fields, then baton's optional ones. */
export const SubTask = z.strictObject({
  task_id: TaskId,
  description: z.string().min(1).max(limits.descriptionChars),
  required_capability: Capability,
  input_data: jsonObject(limits.inputBytes).default({}),
  depends_on: z.array(TaskId).max(limits.planTasks).default([]),
  /**
   * agent: one agent does it. map: its children do, one per item. review: others judge and mend what its dependencies gave. vote:
   * several agents answer it and one answer counts. talk: several agents talk about it. approval: a human does, no agent is called.
   * program: the agent that it is pinned to says, again and again, which steps are next (docs/programs.md).
   */
  kind: TaskKind.default('agent'),
  /** Tasks that must have settled before, whatever their outcome: an order only, nothing of them is handed on. */
  after: z.array(TaskId).max(limits.planTasks).default([]),
  on_dependency_failure: DependencyPolicy.default('skip'),
  /** Its failure neither keeps its dependents from running nor makes the run partial. */
  optional: z.boolean().default(false),
  join: Join.optional(),
  /** With kind map only. */
  map: MapSpec.optional(),
  /** With kind review; on any other task it is a review of that task's own result. */
  review: ReviewSpec.optional(),
  /** With kind vote. */
  consensus: ConsensusSpec.optional(),
  /** With kind talk only. */
  talk: TalkSpec.optional(),
  /** Values of the run's shared state that its agents are given, as they are when a call begins. */
  state: z.array(StateName).max(50).optional(),
  approval: Approval.optional(),
  priority: Priority.optional(),
  /** Pins the task to one agent. */
  agent: AgentId.optional(),
  /** What the work is about, in a few words: agents whose skills match are preferred (the seed's focus). */
  domain: z.string().min(1).max(200).optional(),
  /** Which pool of agents is preferred; by default primary for priority high, secondary for the rest. */
  pool: AgentPool.optional(),
  /** A new agent is made from this template for the task, and leaves with the run. */
  template: TemplateUse.optional(),
  /** After so many milliseconds without an answer a second agent is called too; the first good answer counts. */
  hedge_after_ms: z.int().min(10).max(3_600_000).optional(),
  /** Whether a result may come from, and go to, the cache of results; the run's option unless given. */
  cache: z.boolean().optional(),
  /** Agents that may not do it: the authors of what is reviewed, say. */
  not_agents: z.array(AgentId).max(limits.runChildren).optional(),
  /** Bound of the whole task, all attempts and waits together. */
  timeout_ms: z.int().min(100).max(86_400_000).optional(),
  /** Milliseconds an agent may be silent within a call. */
  idle_timeout_ms: z.int().min(100).max(3_600_000).optional(),
  /** Calls of agents for this task after the first one failed. */
  retries: z.int().min(0).max(20).optional(),
  /** How hard it is: the strategy `team` makes an agent of its own for what is hard. */
  complexity: z.enum(['low', 'medium', 'high']).optional(),
  /** Whether the files in its answer become artifacts of the run; those of code_generation do unless it says otherwise. */
  artifacts: z.boolean().optional(),
});
export type SubTask = z.infer<typeof SubTask>;

/** What a plan's announcement says of a task. */
export const PlannedTask = z.object({
  task_id: z.string(),
  description: z.string(),
  required_capability: z.string(),
  depends_on: z.array(z.string()),
  kind: z.string(),
});
export type PlannedTask = z.infer<typeof PlannedTask>;

export function toPlannedTask(task: SubTask): PlannedTask {
  const { task_id, description, required_capability, depends_on, kind } = task;
  return { task_id, description, required_capability, depends_on, kind };
}

/** A DAG of tasks (the seed's ExecutionPlan). The shape only: plan/validate.ts checks the graph. */
export const Plan = z.strictObject({
  plan_id: z.string().max(200).default(''),
  original_query: z.string().max(limits.queryChars).default(''),
  reasoning: z.string().max(limits.descriptionChars).default(''),
  sub_tasks: z.array(SubTask).min(1).max(limits.planTasks),
  /** What the answer is; left out, the model makes it from the results. */
  answer: PlanAnswer.optional(),
  /** How it came about, when a strategy made it. */
  strategy: StrategyDecision.optional(),
});
export type Plan = z.infer<typeof Plan>;

export const Metadata = jsonObject(limits.metadataBytes);

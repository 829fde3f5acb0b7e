import { z } from 'zod';
import { BudgetView } from './budget.ts';
import { PlanReuse } from './cached-plan.ts';
import { VoteCast, VoteDecided } from './consensus.ts';
import { ORCHESTRATOR } from './ids.ts';
import { InterruptState, InterruptView } from './interrupt.ts';
import { JoinRelease } from './join.ts';
import { MergeView } from './merge.ts';
import { MessageRefused, MessageSent } from './message.ts';
import { PlannedTask } from './plan.ts';
import { PatchCause } from './plan-patch.ts';
import { TaskOutcome, Usage } from './result.ts';
import { ReviewScore } from './review.ts';
import { RunStatus } from './run.ts';
import { ModeDecision } from './run-options.ts';
import { StateChanged, StateRefused } from './state.ts';
import { StrategyDecision } from './strategy.ts';
import { TalkEnded } from './talk.ts';

/** The seed's five kinds of event. */
export const EventType = z.enum(['status', 'token', 'message', 'error', 'done']);
export type EventType = z.infer<typeof EventType>;

const text = z.string();
const failure = z.object({ code: text, message: text });
const none = z.object({});
const candidate = z.object({
  agent_id: text,
  priority: z.number(),
  eligible: z.boolean(),
  /** Why not; null for one that may be called. */
  reason: text.nullable(),
  /** 0 to 1, higher is better, and what it is made of; null for one that may not be called. */
  score: z.number().nullable().default(null),
  parts: z.record(z.string(), z.number()).default({}),
});
const ending = { partial: z.boolean(), warnings: z.array(text), usage: Usage.nullable() };

/** Every event there is: its seed type, and the shape of its `detail`. The list is closed and grows here. */
export const eventCatalogue = {
  'run.created': { type: 'status', detail: z.object({ query: text, planned: z.boolean() }) },
  'run.phase': {
    type: 'status',
    detail: z.object({ phase: z.enum(['planning', 'execution', 'synthesis']), status: RunStatus }),
  },
  'plan.ready': {
    type: 'status',
    detail: z.object({
      reasoning: text,
      model: z.object({ name: text, offline: z.boolean() }).nullable(),
      tasks: z.array(PlannedTask),
      /** Null for the plain DAG. */
      mode: ModeDecision.nullable(),
      /** Which strategy made it and why; left out for a ready plan. */
      strategy: StrategyDecision.optional(),
      /** The run that it was made for, and how long ago; left out when it was made for this one. */
      cached: PlanReuse.optional(),
    }),
  },
  /** Earlier runs of its session have not ended: it begins when they have. */
  'run.enqueued': { type: 'status', detail: z.object({ session_id: text, ahead: z.int() }) },
  /** The plan has changed because of a task's outcome, which is still to come. The replaced tasks are skipped next. */
  'plan.patched': {
    type: 'status',
    detail: z.object({
      revision: z.int(),
      task_id: text,
      cause: PatchCause,
      reason: text,
      tasks: z.array(PlannedTask),
      superseded: z.array(text),
    }),
  },
  'run.paused': { type: 'status', detail: none },
  'run.resumed': { type: 'status', detail: none },
  'agent.selected': {
    type: 'status',
    detail: z.object({
      agent_id: text,
      /** The best limits.candidates of them. */
      candidates: z.array(candidate),
      /** How many agents were looked at. */
      considered: z.int().default(0),
    }),
  },
  /** An agent was made from a template for this task. */
  'agent.spawned': {
    type: 'status',
    detail: z.object({ agent_id: text, template: text, score: z.number().nullable() }),
  },
  /** Nobody had answered in time, so a second agent is called beside the first. */
  'task.hedged': { type: 'status', detail: z.object({ agent_id: text, after_ms: z.number() }) },
  /** The result is that of an equal call of the same agent, which is not made again. */
  'cache.hit': { type: 'status', detail: z.object({ from: text, age_ms: z.number() }) },
  'task.started': { type: 'status', detail: z.object({ worker: text }) },
  /** A map task's children. */
  'task.spawned': { type: 'status', detail: z.object({ tasks: z.array(PlannedTask) }) },
  /** A fork has the result of the run it was made from. */
  'task.reused': { type: 'status', detail: z.object({ status: TaskOutcome, from: text }) },
  'join.released': { type: 'status', detail: JoinRelease },
  'review.scored': { type: 'status', detail: ReviewScore },
  'vote.cast': { type: 'status', detail: VoteCast },
  'vote.decided': { type: 'status', detail: VoteDecided },
  'state.changed': { type: 'status', detail: StateChanged },
  'state.refused': { type: 'status', detail: StateRefused },
  /** One agent has said something to another; or would have, and may not. */
  'message.sent': { type: 'status', detail: MessageSent },
  'message.refused': { type: 'status', detail: MessageRefused },
  'talk.ended': { type: 'status', detail: TalkEnded },
  'merge.done': { type: 'status', detail: MergeView },
  'interrupt.requested': { type: 'status', detail: z.object({ interrupt: InterruptView, open: z.int() }) },
  'interrupt.resolved': {
    type: 'status',
    detail: z.object({ interrupt_id: text, state: InterruptState, reason: text, expired: z.boolean(), open: z.int() }),
  },
  'budget.updated': { type: 'status', detail: BudgetView },
  'task.status': { type: 'status', detail: none },
  'task.retrying': { type: 'status', detail: z.object({ error: failure, delay_ms: z.number() }) },
  'task.skipped': { type: 'status', detail: z.object({ reason: failure }) },
  'stream.gap': {
    type: 'status',
    detail: z.object({ after: text, resumes_at: text.nullable(), snapshot: z.unknown().optional() }),
  },
  'task.token': { type: 'token', detail: none },
  'answer.token': { type: 'token', detail: none },
  'task.message': { type: 'message', detail: none },
  'answer.message': { type: 'message', detail: none },
  'task.failed': { type: 'error', detail: z.object({ error: failure }) },
  'run.failed': { type: 'error', detail: z.object({ error: failure, usage: Usage.nullable() }) },
  'run.cancelled': { type: 'error', detail: z.object({ reason: text }) },
  'task.completed': {
    type: 'done',
    detail: z.object({
      status: TaskOutcome,
      latency_ms: z.number(),
      confidence: z.number().nullable(),
      usage: Usage.nullable(),
      truncated: z.boolean(),
    }),
  },
  'run.completed': { type: 'done', detail: z.object(ending) },
} as const satisfies Record<string, { type: EventType; detail: z.ZodType }>;

export type EventName = keyof typeof eventCatalogue;
export type EventDetail<N extends EventName> = z.infer<(typeof eventCatalogue)[N]['detail']>;

export const eventNames = Object.keys(eventCatalogue) as readonly EventName[]; // keys of a const object

/** What ends a run's stream: exactly one of these, always last. */
export const terminalEvents: readonly EventName[] = ['run.completed', 'run.failed', 'run.cancelled'];

export function isTerminalEvent(name: EventName): boolean {
  return terminalEvents.includes(name);
}

/** An event before it has a place in a stream: what a writer hands to a journal script. */
export type EventDraft = {
  [N in EventName]: {
    readonly name: N;
    readonly task_id: string;
    readonly agent_id: string;
    readonly attempt: number;
    readonly data: string;
    readonly detail: EventDetail<N>;
  };
}[EventName];

/** One entry of a run's stream on the wire. `id` is the Redis stream id, `timestamp` its time in UTC. */
export const StreamEvent = z.object({
  id: z.string(),
  run_id: z.string(),
  task_id: z.string(),
  agent_id: z.string(),
  attempt: z.int(),
  event_type: EventType,
  name: z.enum(eventNames),
  data: z.string(),
  detail: z.record(z.string(), z.unknown()),
  timestamp: z.iso.datetime(),
});

/** The same, with `detail` typed by `name`. */
export type StreamEvent = Omit<z.infer<typeof StreamEvent>, 'name' | 'detail'> &
  { [N in EventName]: { readonly name: N; readonly detail: EventDetail<N> } }[EventName];

/** Whose event it is; null while the orchestrator itself speaks for a task, which waits for an agent or needs none. */
export function agentOf({ agent_id }: Pick<StreamEvent, 'agent_id'>): string | null {
  return agent_id === ORCHESTRATOR ? null : agent_id;
}

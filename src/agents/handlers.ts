import type { AgentPayload, AgentReply } from '../contracts/payload.ts';
import type { Ask } from './question.ts';
import type { RunDoor } from './serving/messages.ts';

/** What a handler is told of its call beside the task. */
export type CallContext = Readonly<{
  /** Aborts when the caller has gone, a limit has passed or the run was cancelled: pass it on to whatever you wait for. */
  signal: AbortSignal;
  runId?: string;
  /** 1 for the first call for this task, more after a failure. */
  attempt: number;
  /** The same for every attempt of one task: use it to do side effects once. */
  idempotencyKey: string;
  /** The call's W3C trace context, for traces of your own. */
  traceparent?: string;
}>;

/** The same, and what it can do in its run beside answering. */
export type AgentContext = CallContext & RunDoor;

/** `{...input_data, task_id, description, context, failed_context}`. */
export type AgentTask = AgentPayload;

export type Answer = string | AgentReply | Ask;

/** How an agent answers: exactly one of these. */
export type Handlers<Task, Given> = {
  /** Yields tokens: dynamic_events. */
  readonly stream: (task: Task, context: AgentContext) => AsyncIterable<string | Ask>;
  /** Yields whole messages: dynamic_messages. */
  readonly messages: (task: Task, context: AgentContext) => AsyncIterable<string | Ask>;
  /** Gives one answer: static. */
  readonly invoke: (task: Task, context: AgentContext) => Given | Promise<Given>;
  /** A fixed text: static, and nobody is called. */
  readonly reply: string;
};
export type HandlerKind = keyof Handlers<unknown, unknown>;

export type Only<Task, Given, K extends HandlerKind> = Pick<Handlers<Task, Given>, K> & {
  readonly [Other in Exclude<HandlerKind, K>]?: never;
};
export type OneHandler<Task = AgentTask, Given = Answer> = { [K in HandlerKind]: Only<Task, Given, K> }[HandlerKind];

import { AgentDescriptor, type Capability, type PayloadSchema, type StreamingMode } from '../contracts/agent.ts';
import type { Price } from '../contracts/budget.ts';
import { BatonError, parseOr } from '../contracts/error.ts';
import type { AgentPayload, AgentReply } from '../contracts/payload.ts';

/** What a handler is told of its call beside the task. */
export type AgentContext = Readonly<{
  /** Aborts when the caller has gone, a limit has passed or the run was cancelled: pass it on to whatever you wait for. */
  signal: AbortSignal;
  runId?: string;
  /** 1 for the first call for this task, more after a failure. */
  attempt: number;
  /** The same for every attempt of one task: use it to do side effects once. */
  idempotencyKey: string;
}>;

/** `{...input_data, task_id, description, context, failed_context}`. */
export type AgentTask = AgentPayload;

type Answer = string | AgentReply;

/** How an agent answers: exactly one of these. */
type Handlers = {
  /** Yields tokens: dynamic_events. */
  readonly stream: (task: AgentTask, context: AgentContext) => AsyncIterable<string>;
  /** Yields whole messages: dynamic_messages. */
  readonly messages: (task: AgentTask, context: AgentContext) => AsyncIterable<string>;
  /** Gives one answer: static. */
  readonly invoke: (task: AgentTask, context: AgentContext) => Answer | Promise<Answer>;
  /** A fixed text: static, and nobody is called. */
  readonly reply: string;
};
export type HandlerKind = keyof Handlers;

type OneHandler = {
  [K in HandlerKind]: Pick<Handlers, K> & { readonly [Other in Exclude<HandlerKind, K>]?: never };
}[HandlerKind];

type About = Readonly<{
  id: string;
  name?: string;
  description?: string;
  capabilities: readonly Capability[];
  /** Higher is preferred; 0 by default. */
  priority?: number;
  payload_schema?: Partial<PayloadSchema>;
  max_tokens?: number;
  timeout_seconds?: number;
  /** What a call costs, for runs with a budget in money. */
  price?: Partial<Price>;
  metadata?: Readonly<Record<string, unknown>>;
}>;

/** One agent in TypeScript: what it is, and one way to answer. */
export type AgentDefinition = About & OneHandler;

// A global symbol: a worker and the module it loads may hold two copies of this file.
const mark = Symbol.for('baton.agent');

const modes: Readonly<Record<HandlerKind, StreamingMode>> = {
  stream: 'dynamic_events',
  messages: 'dynamic_messages',
  invoke: 'static',
  reply: 'static',
};
const kinds = Object.keys(modes) as readonly HandlerKind[]; // keys of a const object

/** Checks a definition and marks it, so that `baton worker --agents` finds it; gives back the same object. Throws config_invalid. */
export function defineAgent(definition: AgentDefinition): AgentDefinition {
  toDescriptor(definition, { transport: 'in_process' });
  return Object.defineProperty(definition, mark, { value: true });
}

export function isDefinedAgent(value: unknown): value is AgentDefinition {
  return typeof value === 'object' && value !== null && mark in value;
}

/** Which way this agent answers. Throws config_invalid unless it is exactly one. */
export function kindOf(definition: AgentDefinition): HandlerKind {
  const present = kinds.filter((kind) => definition[kind] !== undefined);
  const [kind] = present;
  if (kind !== undefined && present.length === 1 && typeof definition[kind] === typeOf(kind)) return kind;
  const found = present.length === 0 ? 'none' : present.join(' and ');
  const expected = 'expected exactly one of stream, messages, invoke (functions) and reply (a text)';
  throw new BatonError('config_invalid', `Agent "${String(definition.id)}": ${expected}, found ${found}.`);
}

function typeOf(kind: HandlerKind): 'string' | 'function' {
  return kind === 'reply' ? 'string' : 'function';
}

/** Where a defined agent is: in this process, or behind a URL. */
export type Placement = Readonly<{ transport: 'in_process' } | { transport: 'http'; endpoint: string }>;

/** What the registry knows of a defined agent. Throws config_invalid that names each fault. */
export function toDescriptor(definition: AgentDefinition, placement: Placement): AgentDescriptor {
  const {
    id,
    name = id,
    description,
    capabilities,
    priority,
    payload_schema,
    max_tokens,
    timeout_seconds,
    price,
    metadata,
  } = definition;
  const kind = kindOf(definition);
  return parseOr(
    AgentDescriptor,
    {
      ...placement,
      agent_id: id,
      name,
      description,
      capabilities,
      priority,
      payload_schema,
      max_tokens,
      timeout_seconds,
      price,
      metadata,
      streaming_mode: modes[kind],
      static_response: kind === 'reply' ? definition.reply : null,
    },
    'config_invalid',
  );
}

import {
  AgentDescriptor,
  type AgentPool,
  type Capability,
  type PayloadSchema,
  type StreamingMode,
} from '../contracts/agent.ts';
import type { AgentAuth, AgentTls } from '../contracts/agent-access.ts';
import type { Price } from '../contracts/budget.ts';
import { BatonError, parseOr } from '../contracts/error.ts';
import type { AgentPayload, AgentReply } from '../contracts/payload.ts';
import type { Ask } from './question.ts';

/** What a handler is told of its call beside the task. */
export type AgentContext = Readonly<{
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

/** `{...input_data, task_id, description, context, failed_context}`. */
export type AgentTask = AgentPayload;

type Answer = string | AgentReply | Ask;

/** How an agent answers: exactly one of these. */
type Handlers = {
  /** Yields tokens: dynamic_events. */
  readonly stream: (task: AgentTask, context: AgentContext) => AsyncIterable<string | Ask>;
  /** Yields whole messages: dynamic_messages. */
  readonly messages: (task: AgentTask, context: AgentContext) => AsyncIterable<string | Ask>;
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
  /** What it is good at within its capabilities: a task's domain is looked for here. */
  skills?: readonly string[];
  /** Changes when its answers would: cached results of another version are not used. */
  version?: string;
  /** Calls at once, over all workers; what serveAgent takes at once, or as many as come in a worker. */
  max_concurrent_tasks?: number;
  /** Which work it is kept for: urgent (primary), or the rest (secondary). */
  pool?: AgentPool;
  /** How baton shows that it may call the agent, and the TLS of that call: by names of secrets, never the secrets. */
  auth?: AgentAuth;
  tls?: AgentTls;
  /** How baton asks for a stream; serveAgent speaks both. */
  stream_format?: 'sse' | 'ndjson';
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

/** Where a defined agent is: in this process, or behind a URL where it takes so many calls at once. */
export type Placement = Readonly<
  { transport: 'in_process' } | { transport: 'http'; endpoint: string; max_concurrent_tasks?: number }
>;

/** What a definition and a descriptor call by the same name. */
const ownFields = [
  'description',
  'capabilities',
  'priority',
  'payload_schema',
  'max_tokens',
  'timeout_seconds',
  'price',
  'skills',
  'version',
  'max_concurrent_tasks',
  'pool',
  'auth',
  'tls',
  'stream_format',
  'metadata',
] as const satisfies readonly (keyof About & keyof AgentDescriptor)[];

/** What the registry knows of a defined agent. Throws config_invalid that names each fault. */
export function toDescriptor(definition: AgentDefinition, placement: Placement): AgentDescriptor {
  const kind = kindOf(definition);
  const own = Object.fromEntries(
    ownFields.flatMap((name) => (definition[name] === undefined ? [] : [[name, definition[name]]])),
  );
  return parseOr(
    AgentDescriptor,
    {
      ...placement,
      ...own,
      agent_id: definition.id,
      name: definition.name ?? definition.id,
      streaming_mode: modes[kind],
      static_response: kind === 'reply' ? definition.reply : null,
    },
    'config_invalid',
  );
}

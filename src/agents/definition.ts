import type { z } from 'zod';
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
import type { AgentTask, HandlerKind, OneHandler, Only } from './handlers.ts';
import type { Ask } from './question.ts';
import { payloadSchemaOf } from './schemas.ts';

export type { AgentContext, AgentTask, CallContext, HandlerKind } from './handlers.ts';

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

type Schemas<Input, Output> = Readonly<{
  /** What it expects in a task's input_data: makes its payload_schema, and is checked before the handler is called. */
  input?: Input;
  /** What `invoke` gives: checked, and sent as JSON. */
  output?: Output;
}>;

/** One agent in TypeScript: what it is, and one way to answer. */
export type AgentDefinition = About & Schemas<z.ZodObject, z.ZodType> & OneHandler;

/** What baton puts into every task beside the input. */
type OwnFields = Pick<
  AgentTask,
  'task_id' | 'description' | 'context' | 'failed_context' | 'max_tokens' | 'human_answer' | 'state'
>;
type TaskOf<Input> = Input extends z.ZodObject ? Omit<z.output<Input>, keyof OwnFields> & OwnFields : AgentTask;

/** A definition whose schemas say what its handler gets and gives. */
export type TypedDefinition<Input, Output> = About &
  Schemas<Input, Output> &
  (Output extends z.ZodType ? Only<TaskOf<Input>, z.input<Output> | Ask, 'invoke'> : OneHandler<TaskOf<Input>>);

declare const types: unique symbol;

/** An agent of which it is known what tasks give it, and what they get from it: only types, nothing is there at run time. */
export type DefinedAgent<Input = Readonly<Record<string, unknown>>, Result = string> = AgentDefinition & {
  readonly [types]?: { readonly input: (given: Input) => void; readonly result: Result };
};

/** What a task gives such an agent, and what it gets; anything, and a text, where nothing is known. */
export type InputOfAgent<Agent> =
  Agent extends DefinedAgent<infer Input, unknown>
    ? unknown extends Input
      ? Readonly<Record<string, unknown>>
      : Input
    : Readonly<Record<string, unknown>>;
export type ResultOfAgent<Agent> =
  Agent extends DefinedAgent<never, infer Result> ? (unknown extends Result ? string : Result) : string;

type InputOf<Input> = Input extends z.ZodObject ? z.input<Input> : Readonly<Record<string, unknown>>;
type ResultOf<Output> = Output extends z.ZodType ? z.output<Output> : string;

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
export function defineAgent<
  Input extends z.ZodObject | undefined = undefined,
  Output extends z.ZodType | undefined = undefined,
>(definition: TypedDefinition<Input, Output>): DefinedAgent<InputOf<Input>, ResultOf<Output>>;
export function defineAgent(definition: About & OneHandler): DefinedAgent;
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
  if (definition.output !== undefined && kind !== 'invoke')
    throw new BatonError('config_invalid', `Agent "${definition.id}": expected "invoke" with "output", found ${kind}.`);
  const { input, payload_schema } = definition;
  const own = Object.fromEntries(
    ownFields.flatMap((name) => (definition[name] === undefined ? [] : [[name, definition[name]]])),
  );
  return parseOr(
    AgentDescriptor,
    {
      ...placement,
      ...own,
      ...(input !== undefined && { payload_schema: { ...payloadSchemaOf(input), ...payload_schema } }),
      agent_id: definition.id,
      name: definition.name ?? definition.id,
      streaming_mode: modes[kind],
      static_response: kind === 'reply' ? definition.reply : null,
    },
    'config_invalid',
  );
}

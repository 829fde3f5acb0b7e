import { z } from 'zod';
import { AgentAccess } from './agent-access.ts';
import { protocolFaults, protocolFields } from './agent-protocol.ts';
import { Price } from './budget.ts';
import { AgentId } from './ids.ts';
import { schemaFaults } from './json-schema.ts';
import { defaults, limits } from './limits.ts';

/** The seed's seven capabilities, a closed set: each has a queue. Finer choice is by an agent's metadata. */
export const Capability = z.enum([
  'text_generation',
  'code_generation',
  'data_analysis',
  'summarization',
  'translation',
  'search',
  'custom',
]);
export type Capability = z.infer<typeof Capability>;

/** How an agent delivers: tokens by SSE, whole messages by SSE, or one text. The agent declares it; baton never guesses. */
export const StreamingMode = z.enum(['dynamic_events', 'dynamic_messages', 'static']);
export type StreamingMode = z.infer<typeof StreamingMode>;

type SelfContained = { readonly streaming_mode: StreamingMode; readonly static_response: string | null };

/** A static text needs no server: such an agent is always healthy. */
export function isSelfContained(agent: SelfContained): boolean {
  return agent.streaming_mode === 'static' && agent.static_response !== null;
}

const JsonSchema = z
  .record(z.string(), z.unknown())
  .refine((schema) => JSON.stringify(schema).length <= limits.schemaChars, {
    error: `expected at most ${limits.schemaChars} characters`,
    abort: true,
  })
  .superRefine((schema, context) => {
    for (const { path, message } of schemaFaults(schema))
      context.addIssue({ code: 'custom', path: path.split('/').slice(1), message });
  });

const fieldTypes = z.record(z.string().min(1).max(64), z.string().max(64));

/** What an agent expects in `input_data`: field name -> type name, as in {"query": "string"}. */
export const PayloadSchema = z.strictObject({
  content_type: z.string().default('application/json'),
  required_fields: fieldTypes.default({}),
  optional_fields: fieldTypes.default({}),
  /** A JSON Schema of the whole input_data, beside the fields above. Without patterns, and without references out of itself. */
  json_schema: JsonSchema.optional(),
  example: z.record(z.string(), z.unknown()).default({}),
});
export type PayloadSchema = z.infer<typeof PayloadSchema>;

/** Which work an agent is kept for: the urgent, or the rest (the seed's load balancing). */
export const AgentPool = z.enum(['primary', 'secondary']);
export type AgentPool = z.infer<typeof AgentPool>;

const path = z.string().regex(/^\/\S{0,200}$/, 'expected a path that starts with "/"');
const httpUrl = z
  .url({ protocol: /^https?$/, error: 'expected an http or https URL' })
  .max(2_000)
  .refine((url) => !/^https?:\/\/[^/]*@/i.test(url), 'credentials do not belong in an endpoint URL');

/** Full metadata of one agent: the seed's fields, then baton's optional ones. */
export const AgentDescriptor = z
  .strictObject({
    agent_id: AgentId,
    name: z.string().min(1).max(200),
    description: z.string().max(4_000).default(''),
    ...protocolFields,
    endpoint: httpUrl.nullable().default(null),
    health_endpoint: path.default('/health'),
    invoke_endpoint: path.default('/invoke'),
    stream_endpoint: path.default('/stream'),
    capabilities: z.array(Capability).min(1).max(7),
    streaming_mode: StreamingMode.default('static'),
    payload_schema: PayloadSchema.prefault({}),
    static_response: z.string().max(100_000).nullable().default(null),
    priority: z.int().min(-1_000).max(1_000).default(0),
    max_tokens: z.int().min(1).nullable().default(null),
    timeout_seconds: z.number().positive().max(3_600).default(defaults.agentTimeoutSeconds),
    price: Price.optional(),
    /** What it is good at within its capabilities, in words of its own: a task's domain is looked for here. */
    skills: z.array(z.string().min(1).max(100)).max(50).default([]),
    /** Changes when its answers would: part of what a cached result is filed under. */
    version: z.string().max(100).default(''),
    /** Calls at once, over all workers; null for as many as come. */
    max_concurrent_tasks: z.int().min(1).max(10_000).nullable().default(null),
    pool: AgentPool.nullable().default(null),
    ...AgentAccess.shape,
    metadata: z.record(z.string(), z.unknown()).default({}),
  })
  .superRefine((agent, context) => {
    if (isSelfContained(agent)) return;
    for (const { path, message } of protocolFaults(agent)) context.addIssue({ code: 'custom', path: [path], message });
  });
export type AgentDescriptor = z.infer<typeof AgentDescriptor>;

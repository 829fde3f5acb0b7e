import { z } from 'zod';

/**
 * How an agent is called. http: baton's own contract. openai: Chat Completions of any server. a2a: the A2A protocol. mcp: a tool of an
 * MCP server. in_process: a module that a worker loaded. command: a program set up by the operator. model: the configured model with
 * a prompt, which is how templates are backed.
 */
export const Transport = z.enum(['http', 'openai', 'a2a', 'mcp', 'in_process', 'command', 'model']);
export type Transport = z.infer<typeof Transport>;

const prompt = z.string().max(32_000).default('');
const temperature = z.number().min(0).max(2).optional();

/** A model server as an agent: the task is the user's message. */
export const OpenAiProtocol = z.strictObject({ model: z.string().min(1).max(200), system_prompt: prompt, temperature });
export type OpenAiProtocol = z.infer<typeof OpenAiProtocol>;

/** What an A2A agent's card says of how to speak to it; registered by the card's address, which baton reads. */
export const A2aProtocol = z.strictObject({
  card_url: z.url({ protocol: /^https?$/, error: 'expected an http or https URL' }).max(2_000),
  version: z.enum(['1.0', '0.3']).default('1.0'),
  binding: z.enum(['JSONRPC', 'HTTP+JSON']).default('JSONRPC'),
  tenant: z.string().max(200).default(''),
});
export type A2aProtocol = z.infer<typeof A2aProtocol>;

/** One tool of an MCP server. Its arguments are input_data; `text_argument` names the one that gets the description when input_data has none of it. */
export const McpProtocol = z.strictObject({
  tool: z.string().min(1).max(200),
  text_argument: z.string().min(1).max(200).nullable().default(null),
});
export type McpProtocol = z.infer<typeof McpProtocol>;

/** A command by the name that the operator gave it (BATON_COMMANDS); a registration never holds an argv. */
export const CommandProtocol = z.strictObject({
  name: z.string().regex(/^[a-z][a-z0-9_-]{0,63}$/, 'expected the name of a command'),
});
export type CommandProtocol = z.infer<typeof CommandProtocol>;

/** A role for the configured model. */
export const ModelProtocol = z.strictObject({
  system_prompt: prompt,
  temperature,
  model: z.string().min(1).max(200).optional(),
});
export type ModelProtocol = z.infer<typeof ModelProtocol>;

/** The fields of a descriptor that say how to call it. */
export const protocolFields = {
  transport: Transport.default('http'),
  /** How an http agent's stream is framed: SSE, or one JSON object per line. */
  stream_format: z.enum(['sse', 'ndjson']).default('sse'),
  openai: OpenAiProtocol.optional(),
  a2a: A2aProtocol.optional(),
  mcp: McpProtocol.optional(),
  command: CommandProtocol.optional(),
  model: ModelProtocol.optional(),
};

type Spoken = {
  readonly transport: Transport;
  readonly endpoint: string | null;
  readonly streaming_mode: string;
} & { readonly [K in Exclude<Transport, 'http' | 'in_process'>]?: unknown };

type ProtocolFault = { readonly path: string; readonly message: string };

const own = ['openai', 'a2a', 'mcp', 'command', 'model'] as const;
const remote: readonly Transport[] = ['http', 'openai', 'a2a', 'mcp'];
/** Transports whose agents give one text at the end. */
const whole: readonly Transport[] = ['mcp', 'command'];

/** What a descriptor's fields have against its transport. */
export function protocolFaults(agent: Spoken): readonly ProtocolFault[] {
  const { transport, endpoint, streaming_mode } = agent;
  const faults: ProtocolFault[] = own.flatMap((name) => {
    if (name === transport && agent[name] === undefined)
      return [{ path: name, message: `expected "${name}" with transport ${name}` }];
    if (name !== transport && agent[name] !== undefined)
      return [{ path: name, message: `expected "${name}" only with transport ${name}` }];
    return [];
  });
  if (remote.includes(transport) && endpoint === null)
    faults.push({
      path: 'endpoint',
      message: `an ${transport} agent needs an endpoint, unless it is static with a static_response`,
    });
  if (whole.includes(transport) && streaming_mode !== 'static')
    faults.push({ path: 'streaming_mode', message: `expected static: ${transport} agents answer in one piece` });
  return faults;
}

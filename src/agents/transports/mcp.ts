import type { CallToolResult } from '@modelcontextprotocol/client';
import { BatonError } from '../../contracts/error.ts';
import { ownPayloadFields } from '../../contracts/payload.ts';
import { type AgentEvent, peerOf, plainDone } from '../call.ts';
import { callHeaders, traceparentOf } from '../call-headers.ts';
import { toAgentFailure } from '../frame.ts';
import { openLatest } from '../latest.ts';
import { readWithin } from '../read-within.ts';
import { toMcpFailure } from './mcp-failure.ts';
import { type McpFetch, openMcpFetch } from './mcp-fetch.ts';
import type { Invocation, Transport } from './transport.ts';

/** Whose call it is, for tools that do side effects once; a result that names another one is refused. */
const KEY = 'baton/idempotency-key';

/** Whether a call is made again is for the task's retries to say. */
const reconnectionOptions = {
  maxRetries: 0,
  initialReconnectionDelay: 1_000,
  maxReconnectionDelay: 1_000,
  reconnectionDelayGrowFactor: 1,
};

/**
 * mcp: one tool of an MCP server over streamable HTTP. Its arguments are input_data; progress becomes status, its texts the answer, its
 * structured content where it has no text. The session is ended with the call.
 */
export const mcp: Transport = (invocation) => {
  const { agent, limits, signal } = invocation;
  return readWithin({ limits, signal, peer: peerOf(agent) }, (own) => callTool({ ...invocation, signal: own }));
};

async function* callTool(invocation: Invocation): AsyncGenerator<AgentEvent, void> {
  const fetching = openMcpFetch(invocation);
  const session = await openSession(invocation, fetching);
  const progress = openLatest<string>();
  let events: readonly AgentEvent[];
  try {
    await session.connect();
    const answer = fetching.within('tools/call', session.call(progress.put)).finally(() => progress.end());
    answer.catch(() => undefined); // it is awaited below, after what it reports on the way
    for await (const text of progress) yield { type: 'status', text };
    events = eventsOf(await answer, invocation);
  } catch (thrown) {
    throw toMcpFailure(thrown, { refusal: fetching.refusal(), agent: invocation.agent });
  } finally {
    await session.close();
  }
  yield* events;
}

/** The SDK is large and few processes call a tool, so it is loaded with the first call. */
async function openSession(invocation: Invocation, { fetch, within, complain }: McpFetch) {
  const { agent, call, signal, limits } = invocation;
  const { Client, StreamableHTTPClientTransport } = await import('@modelcontextprotocol/client');
  const client = new Client({ name: 'baton', version: '1' }, { versionNegotiation: { mode: 'auto' } });
  client.onerror = complain;
  const transport = new StreamableHTTPClientTransport(new URL(agent.endpoint ?? ''), { fetch, reconnectionOptions });
  const options = { signal, timeout: limits.totalMs };
  const tool = { name: agent.mcp?.tool ?? '', inputSchema: { type: 'object' } } as const;
  return {
    connect: () => within('initialize', client.connect(transport, options)),
    call: (onProgress: (text: string) => void) =>
      client.callTool(
        { name: tool.name, arguments: argumentsOf(invocation), _meta: metaOf(call) },
        // With a definition of its own the client asks for no list, whose schemas it would compile.
        { ...options, toolDefinition: tool, onprogress: (step) => onProgress(textOf(step)) },
      ),
    close: async (): Promise<void> => {
      // A server that cannot be told drops the session by its own time.
      await transport.terminateSession().catch(() => undefined);
      await client.close().catch(() => undefined);
    },
  };
}

function argumentsOf({ agent, call }: Invocation): Record<string, unknown> {
  const input = Object.fromEntries(Object.entries(call.payload).filter(([name]) => !ownPayloadFields.has(name)));
  const name = agent.mcp?.text_argument ?? null;
  return name === null || Object.hasOwn(input, name) ? input : { ...input, [name]: call.payload.description };
}

function metaOf(call: Invocation['call']): Record<string, unknown> {
  return {
    traceparent: traceparentOf(call),
    [KEY]: callHeaders(call)['idempotency-key'],
    'baton/attempt': call.attempt,
  };
}

type Step = Readonly<{ progress: number; total?: number | undefined; message?: string | undefined }>;

function textOf({ progress, total, message }: Step): string {
  return (message ?? (total === undefined ? String(progress) : `${progress}/${total}`)).slice(0, 500);
}

function eventsOf(result: CallToolResult, { agent, call }: Invocation): readonly AgentEvent[] {
  const peer = peerOf(agent);
  const key = result._meta?.[KEY];
  if (key !== undefined && key !== call.idempotencyKey)
    throw new BatonError('agent_protocol', `${peer} answered for another task than it was asked for.`);
  const texts = result.content.flatMap((part) => {
    if (part.type === 'text') return [part.text];
    return part.type === 'resource' && 'text' in part.resource ? [part.resource.text] : [];
  });
  const text = texts.join('\n');
  if (result.isError === true) throw toToolError(text, agent.mcp?.tool ?? '', peer);
  const said = text === '' && result.structuredContent !== undefined ? JSON.stringify(result.structuredContent) : text;
  if (said !== '') return [{ type: 'message', text: said }, plainDone];
  if (result.content.length === 0 || texts.length > 0) return [plainDone];
  const kinds = [...new Set(result.content.map(({ type }) => type))].join(', ');
  throw new BatonError('agent_protocol', `${peer} answered without a text: ${kinds} only.`);
}

/** Servers of older SDKs tell of a tool that they lack as they do of one that failed. */
function toToolError(text: string, tool: string, peer: string): BatonError {
  const lacks = [`Tool ${tool} not found`, `Unknown tool: ${tool}`].some((words) => text.includes(words));
  if (lacks) return new BatonError('agent_rejected', `${peer} has no tool "${tool}".`);
  return toAgentFailure(text === '' ? null : text, peer);
}

// A real MCP server, by the SDK's own server package, on loopback.
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { toNodeHandler } from '@modelcontextprotocol/node';
import { createMcpHandler, McpServer, type ServerContext } from '@modelcontextprotocol/server';
import { z } from 'zod';
import type { Behaviour } from '../suites/transport-suite.ts';

export type ToolCall = Readonly<{
  input: Readonly<Record<string, unknown>>;
  meta: unknown;
  headers: IncomingMessage['headers'];
}>;

export type TestMcpServer = Readonly<{
  url: string;
  calls: readonly ToolCall[];
  /** Methods of the requests that came, in order, with the JSON-RPC methods of those that have one. */
  requests: readonly string[];
  reached: Promise<void>;
  left: Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}>;

type Answer = Readonly<{
  content: { type: 'text'; text: string }[];
  structuredContent?: Record<string, unknown>;
  isError?: boolean;
  _meta?: Record<string, unknown>;
}>;
export type ToolScript = (call: ToolCall, context: ServerContext) => Promise<Answer> | Answer;

/** Serves one tool, "say". `legacy` serves only clients of 2025. */
export async function openMcpServer(script: ToolScript, legacyOnly = false): Promise<TestMcpServer> {
  const calls: ToolCall[] = [];
  const requests: string[] = [];
  const reached = Promise.withResolvers<void>();
  const left = Promise.withResolvers<void>();
  let headers: IncomingMessage['headers'] = {};
  const handler = toNodeHandler(
    createMcpHandler(() => {
      const server = new McpServer({ name: 'test', version: '1' });
      server.registerTool('say', { inputSchema: z.looseObject({}) }, async (input, context) => {
        const call = { input, meta: context.mcpReq._meta, headers };
        calls.push(call);
        reached.resolve();
        context.mcpReq.signal.addEventListener('abort', () => left.resolve());
        return await script(call, context);
      });
      return server;
    }),
  );
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = chunks.length === 0 ? undefined : JSON.parse(Buffer.concat(chunks).toString());
    requests.push(`${request.method} ${body?.method ?? ''}`.trim());
    headers = request.headers;
    if (legacyOnly && body?.method === 'server/discover') return void response.writeHead(400).end();
    response.on('close', () => {
      if (!response.writableFinished && body?.method === 'tools/call') left.resolve();
    });
    // The adapter's type of a request differs from Node's in names only.
    await handler(request as Parameters<typeof handler>[0], response, body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('expected a port');
  return {
    url: `http://127.0.0.1:${address.port}/mcp`,
    calls,
    requests,
    reached: reached.promise,
    left: left.promise,
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

/** A tool that behaves so. */
export function behavingTool(behaviour: Behaviour): ToolScript {
  return async () => {
    if (behaviour.kind === 'hangs') await new Promise(() => {});
    const text =
      behaviour.kind === 'answers' ? behaviour.texts.join('') : behaviour.kind === 'fails' ? behaviour.text : '';
    return { content: [{ type: 'text', text }], isError: behaviour.kind === 'fails' };
  };
}

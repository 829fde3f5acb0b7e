import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { AgentDescriptor } from '../../src/contracts/agent.ts';

export type WordAgent = AsyncDisposable & {
  readonly descriptor: AgentDescriptor;
  /** One entry per POST /stream: the attempt it was made for, and how many words it has sent. */
  readonly calls: readonly { readonly attempt: number; readonly key: string; sent: number; closed: boolean }[];
};

/** A real HTTP agent in token mode that says `<task> w1 w2 ...` word by word, `everyMs` apart, the attempt's number in each word. */
export async function openWordAgent(options: { id: string; words: number; everyMs: number }): Promise<WordAgent> {
  const calls: WordAgent['calls'][number][] = [];
  const server = createServer((request, response) => {
    if (request.url === '/health') response.end('{"status":"ok"}');
    else void speak(request, response, calls, options);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo; // a TCP server has one
  const descriptor = AgentDescriptor.parse({
    agent_id: options.id,
    name: options.id,
    endpoint: `http://127.0.0.1:${port}`,
    capabilities: ['text_generation'],
    streaming_mode: 'dynamic_events',
  });
  return {
    descriptor,
    calls,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

type Calls = WordAgent['calls'][number][];

async function speak(
  request: IncomingMessage,
  response: ServerResponse,
  calls: Calls,
  options: { words: number; everyMs: number },
) {
  const attempt = Number(request.headers['x-baton-attempt']);
  const call = { attempt, key: String(request.headers['idempotency-key']), sent: 0, closed: false };
  calls.push(call);
  response.on('close', () => {
    call.closed = true;
  });
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  for (let word = 1; word <= options.words && !call.closed; word += 1) {
    response.write(`data: ${JSON.stringify({ type: 'token', token: `a${attempt}w${word} ` })}\n\n`);
    call.sent = word;
    await pause(options.everyMs);
  }
  response.end('data: {"type":"done"}\n\n');
}

/** What such an agent says in one undisturbed attempt. */
export function wordsOf(attempt: number, words: number): string {
  return Array.from({ length: words }, (_, index) => `a${attempt}w${index + 1} `).join('');
}

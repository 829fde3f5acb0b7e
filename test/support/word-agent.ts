import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { AgentDescriptor } from '../../src/contracts/agent.ts';

type Call = { readonly attempt: number; readonly key: string; sent: number; closed: boolean };

/** After how many words the calls of a first attempt stop until they are released. */
type Hold = { readonly words: number; readonly released: Promise<void>; release(): void };

/** A real HTTP agent in token mode that says `a<attempt>w1 a<attempt>w2 ...` word by word. */
export class WordAgent implements AsyncDisposable {
  readonly #options: { readonly words: number; readonly everyMs: number };
  readonly #server = createServer((request, response) => {
    if (request.url === '/health') response.end('{"status":"ok"}');
    else void this.#speak(request, response);
  });
  #hold: Hold | undefined;
  /** One entry per POST /stream: the attempt it was made for, and how many words it has sent. */
  readonly calls: Call[] = [];

  /** `everyMs` apart; words of one call in all. */
  constructor(options: { readonly words: number; readonly everyMs: number }) {
    this.#options = options;
  }

  /** Listens on loopback; gives the descriptor to register. */
  async open(agent_id: string): Promise<AgentDescriptor> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    const { port } = this.#server.address() as AddressInfo; // a TCP server has one
    return AgentDescriptor.parse({
      agent_id,
      name: agent_id,
      endpoint: `http://127.0.0.1:${port}`,
      capabilities: ['text_generation'],
      streaming_mode: 'dynamic_events',
    });
  }

  /** From now on a first attempt stops after `words` words, until the release: so a test has it in mid-stream for sure. */
  holdFirstAttempts(words: number): () => void {
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    this.#hold = { words, released, release };
    return () => {
      release();
      this.#hold = undefined;
    };
  }

  async #speak(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const attempt = Number(request.headers['x-baton-attempt']);
    const call: Call = { attempt, key: String(request.headers['idempotency-key']), sent: 0, closed: false };
    this.calls.push(call);
    const closed = once(response, 'close').then(() => {
      call.closed = true;
    });
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for (let word = 1; word <= this.#options.words && !call.closed; word += 1) {
      response.write(`data: ${JSON.stringify({ type: 'token', token: `a${attempt}w${word} ` })}\n\n`);
      call.sent = word;
      if (attempt === 1 && word === this.#hold?.words) await Promise.race([this.#hold.released, closed]);
      await pause(this.#options.everyMs);
    }
    response.end('data: {"type":"done"}\n\n');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#hold?.release();
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

/** What such an agent says in one undisturbed attempt. */
export function wordsOf(attempt: number, words: number): string {
  return Array.from({ length: words }, (_, index) => `a${attempt}w${index + 1} `).join('');
}

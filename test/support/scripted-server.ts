import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

export type Received = Readonly<{
  method: string;
  path: string;
  headers: IncomingMessage['headers'];
  body: string;
  /** Settles when the connection of this request has gone. */
  closed: Promise<void>;
}>;

export type Script = (response: ServerResponse, received: Received) => void | Promise<void>;

export type ScriptedServer = Readonly<{
  url: string;
  received: readonly Received[];
  /** The next request that has not been awaited yet. */
  next(): Promise<Received>;
  [Symbol.asyncDispose](): Promise<void>;
}>;

/** An HTTP server on loopback that answers as the script says; the request's body has been read before. `host` is IPv4. */
export async function openScriptedServer(script: Script, host = '127.0.0.1'): Promise<ScriptedServer> {
  const received: Received[] = [];
  const arrivals: Promise<Received>[] = [];
  const waiting: ((request: Received) => void)[] = [];
  const expectOne = (): void => void arrivals.push(new Promise((resolve) => waiting.push(resolve)));
  const server = createServer(async (request, response) => {
    const closed = closedOf(request.socket);
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const { method = '', url: path = '', headers } = request;
    const entry = { method, path, headers, body: Buffer.concat(chunks).toString(), closed };
    received.push(entry);
    if (waiting.length === 0) expectOne();
    waiting.shift()?.(entry);
    await script(response, entry);
  });
  server.listen(0, host);
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('expected a port');
  return {
    url: `http://${host}:${address.port}`,
    received,
    next: () => {
      if (arrivals.length === 0) expectOne();
      return arrivals.shift() ?? Promise.reject(new Error('expected an arrival'));
    },
    [Symbol.asyncDispose]: async () => {
      const done = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await done;
    },
  };
}

/** Writes as fast as it is taken, until the connection is gone. */
export function flood(response: ServerResponse, piece: string): void {
  const more = (): void => {
    while (!response.destroyed && response.write(piece));
  };
  response.on('drain', more);
  more();
}

/** Answers 200 with a body in pieces of its own each: the next is written when the one before has left. */
export function inPieces(contentType: string, pieces: readonly (string | Uint8Array)[]): Script {
  return async (response) => {
    response.writeHead(200, { 'content-type': contentType });
    for (const piece of pieces) await new Promise((resolve) => response.write(piece, resolve));
    response.end();
  };
}

const closings = new WeakMap<Socket, Promise<void>>();

/** One listener per connection, however many requests it carries. */
function closedOf(socket: Socket): Promise<void> {
  const known = closings.get(socket);
  if (known !== undefined) return known;
  // Not events.once: it would reject at a reset, which is a way to close too.
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  socket.on('error', () => undefined); // its close follows
  closings.set(socket, closed);
  return closed;
}

import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { BatonError } from '../contracts/error.ts';
import { defaults } from '../contracts/limits.ts';
import type { Api } from './app.ts';

/** Bounds of a request's arrival: whoever sends slower gets 408 (slow-loris). Answers may take as long as they take. */
const HEADERS_MS = 10_000;
const REQUEST_MS = 30_000;
/** How often Node looks for requests that are too slow. */
const CHECK_MS = 1_000;

export type ServerOptions = Readonly<{
  app: Api;
  host: string;
  /** 0 takes a free one. */
  port: number;
  /** How long close() lets answers finish before it cuts them. */
  drainMs?: number;
  headersTimeoutMs?: number;
  requestTimeoutMs?: number;
}>;

export type OpenServer = {
  readonly url: string;
  readonly port: number;
  /** Takes no more requests, ends the streams, lets answers finish until the deadline. Resolves when every socket is closed. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
};

/** Listens; throws config_invalid when the address cannot be had. */
export async function openServer(options: ServerOptions): Promise<OpenServer> {
  const { app: api, host, drainMs = defaults.drainMs } = options;
  const server = createServer(
    {
      headersTimeout: options.headersTimeoutMs ?? HEADERS_MS,
      requestTimeout: options.requestTimeoutMs ?? REQUEST_MS,
      connectionsCheckingInterval: CHECK_MS,
    },
    api.app,
  );
  const closeUnused = watchUnused(server);
  closeUsedConnections(server);
  await listen(server, options);
  const { port } = server.address() as AddressInfo; // a server that listens on a port has nothing else
  let closed: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closed ??= drain({ server, api, drainMs, closeUnused });
    return closed;
  };
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${port}`,
    port,
    close,
    [Symbol.asyncDispose]: close,
  };
}

function listen(server: Server, { host, port }: ServerOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const refuse = (cause: NodeJS.ErrnoException): void => {
      const reason = cause.code === 'EADDRINUSE' ? 'another process listens there' : cause.message;
      reject(new BatonError('config_invalid', `Cannot listen on ${host}:${port}: ${reason}.`, { cause }));
    };
    server.once('error', refuse);
    server.listen(port, host, () => {
      server.off('error', refuse);
      resolve();
    });
  });
}

type Drain = {
  readonly server: Server;
  readonly api: Api;
  readonly drainMs: number;
  readonly closeUnused: () => void;
};

async function drain({ server, api, drainMs, closeUnused }: Drain): Promise<void> {
  api.drain();
  const ended = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  closeUnused();
  const deadline = setTimeout(() => server.closeAllConnections(), drainMs);
  await ended;
  clearTimeout(deadline);
}

/** Node counts a connection as idle only after its first request, but clients open spare ones: the drain would wait for those. */
function watchUnused(server: Server): () => void {
  const unused = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    unused.add(socket);
    socket.once('close', () => unused.delete(socket));
  });
  server.on('request', (request) => unused.delete(request.socket));
  return () => {
    for (const socket of unused) socket.destroy();
  };
}

/** While draining, a connection whose answer is over would only wait for requests that nobody takes. */
function closeUsedConnections(server: Server): void {
  server.on('request', (_request, response) =>
    response.once('close', () => {
      // In the next turn of the loop: a connection counts as idle after its answer's last listener.
      if (!server.listening) setImmediate(() => server.closeIdleConnections());
    }),
  );
}

import { once } from 'node:events';
import { createServer, type RequestListener, type Server, type ServerOptions } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Socket } from 'node:net';
import { hostname } from 'node:os';
import { BatonError } from '../../contracts/error.ts';
import { toProblem } from './failure.ts';

/** PEM texts. With `ca`, callers must show a certificate of one of these authorities, unless requestCert is false. */
export type ServeTls = Readonly<{
  key: string | Buffer;
  cert: string | Buffer;
  ca?: string | Buffer;
  requestCert?: boolean;
}>;

export type ListenOptions = Readonly<{
  host: string;
  /** 0 is any free one. */
  port: number;
  tls?: ServeTls | undefined;
  /** Milliseconds in which a whole request must have come. */
  requestTimeoutMs: number;
}>;

/** How often a closing server looks for connections whose last call has ended, in milliseconds. */
const SWEEP_MS = 50;
/** Milliseconds for the headers, and between two looks at requests that are too slow. */
const HEADERS_MS = 10_000;
const CHECK_MS = 1_000;
/** The reader of a body gives up by itself, with a better answer; Node comes later, for what that does not see. */
const BACKSTOP_MS = 2_000;

/** Starts a server. Throws config_invalid when it cannot listen there, or its certificate is of no use. */
export async function listen(onRequest: RequestListener, options: ListenOptions): Promise<Server> {
  const { host, port, tls, requestTimeoutMs } = options;
  const times: ServerOptions = {
    headersTimeout: Math.min(HEADERS_MS, requestTimeoutMs),
    requestTimeout: requestTimeoutMs + BACKSTOP_MS,
    connectionsCheckingInterval: Math.min(CHECK_MS, requestTimeoutMs),
  };
  try {
    const server = tls === undefined ? createServer(times, onRequest) : openTlsServer(tls, times, onRequest);
    answerBrokenRequests(server);
    server.listen(port, host);
    await once(server, 'listening');
    return server;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const text = `Cannot listen on ${host}, port ${port}: ${reason}. Choose another port, or check the certificate.`;
    throw new BatonError('config_invalid', text, { cause });
  }
}

function openTlsServer(tls: ServeTls, times: ServerOptions, onRequest: RequestListener): Server {
  const { key, cert, ca, requestCert = ca !== undefined } = tls;
  return createTlsServer(
    { ...times, key, cert, ...(ca === undefined ? {} : { ca }), requestCert, rejectUnauthorized: requestCert },
    onRequest,
  );
}

/** What Node cannot read as a request, or what comes too slowly, gets problem details too, unless an answer is under way. */
function answerBrokenRequests(server: Server): void {
  const answering = new WeakSet<object>();
  server.on('request', ({ socket }, response) => {
    answering.add(socket);
    response.once('close', () => answering.delete(socket));
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    if (!socket.writable || answering.has(socket)) return void socket.destroy();
    const code = error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 'request_timeout' : 'invalid_request';
    const status = code === 'request_timeout' ? '408 Request Timeout' : '400 Bad Request';
    const problem = toProblem(new BatonError(code, undefined, { cause: error }), '/');
    const body = JSON.stringify({ ...problem, status: Number.parseInt(status, 10) });
    const head = `Content-Type: application/problem+json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close`;
    socket.end(`HTTP/1.1 ${status}\r\n${head}\r\n\r\n${body}`);
  });
}

/** The URL others reach this server by; a server on all addresses is named by this host's name. */
export function urlOf(server: Server, { host, tls }: Pick<ListenOptions, 'host' | 'tls'>): string {
  const address = server.address();
  if (address === null || typeof address === 'string')
    throw new BatonError('internal', 'The server does not listen on a port.');
  const everywhere = host === '0.0.0.0' || host === '::';
  const name = everywhere ? hostname() : host;
  return `${tls === undefined ? 'http' : 'https'}://${name.includes(':') ? `[${name}]` : name}:${address.port}`;
}

/** Takes no more connections, lets the answers on them end for `withinMs`, then closes them. */
export async function closeServer(server: Server, withinMs: number): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  const sweep = setInterval(() => server.closeIdleConnections(), SWEEP_MS);
  const force = setTimeout(() => server.closeAllConnections(), withinMs);
  await closed;
  clearInterval(sweep);
  clearTimeout(force);
}

/**
 * Calls `close` at the first SIGINT or SIGTERM; the process then ends by itself, since nothing keeps it. The second one
 * ends it at once, as it would without us. Gives back a function that stops listening.
 */
export function onFirstSignal(close: () => void): () => void {
  const signals = ['SIGINT', 'SIGTERM'] as const;
  const forget = (): void => {
    for (const signal of signals) process.off(signal, first);
  };
  const first = (): void => {
    forget();
    close();
  };
  for (const signal of signals) process.on(signal, first);
  return forget;
}

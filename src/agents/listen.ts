import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { hostname } from 'node:os';
import { BatonError } from '../contracts/error.ts';

/** How often a closing server looks for connections whose last call has ended, in milliseconds. */
const SWEEP_MS = 50;

/** Starts an HTTP server; port 0 is any free one. Throws config_invalid when it cannot listen there. */
export async function listen(onRequest: RequestListener, port: number, host: string): Promise<Server> {
  const server = createServer(onRequest);
  server.listen(port, host);
  try {
    await once(server, 'listening');
    return server;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new BatonError('config_invalid', `Cannot listen on ${host}, port ${port}: ${reason}. Choose another port.`, {
      cause,
    });
  }
}

/** The URL others reach this server by; a server on all addresses is named by this host's name. */
export function urlOf(server: Server, host: string): string {
  const address = server.address();
  if (address === null || typeof address === 'string')
    throw new BatonError('internal', 'The server does not listen on a port.');
  const everywhere = host === '0.0.0.0' || host === '::';
  const name = everywhere ? hostname() : host;
  return `http://${name.includes(':') ? `[${name}]` : name}:${address.port}`;
}

/** Takes no more calls, lets running ones end for `drainMs`, then closes their sockets. */
export async function closeServer(server: Server, drainMs: number): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  const sweep = setInterval(() => server.closeIdleConnections(), SWEEP_MS);
  const force = setTimeout(() => server.closeAllConnections(), drainMs);
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

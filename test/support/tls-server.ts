import { once } from 'node:events';
import { createServer, type ServerOptions } from 'node:https';
import type { TLSSocket } from 'node:tls';

/** What a TLS server saw of one request. */
export type Seen = Readonly<{ client: string | null; authorization: string | undefined }>;

export type TlsServer = AsyncDisposable &
  Readonly<{
    port: number;
    seen: readonly Seen[];
    /** Connections it has open now. */
    open(): number;
    /** Shows another certificate from the next connection on. */
    rotate(options: ServerOptions): void;
  }>;

/** An HTTPS server on 127.0.0.1 that answers `fine`, and takes down the name in the client's certificate. */
export async function openTlsServer(options: ServerOptions): Promise<TlsServer> {
  const seen: Seen[] = [];
  const sockets = new Set<TLSSocket>();
  const server = createServer(options, (request, response) => {
    const socket = request.socket as TLSSocket; // an https server has no others
    const { subject } = socket.getPeerCertificate();
    seen.push({
      client: subject?.CN === undefined ? null : String(subject.CN),
      authorization: request.headers.authorization,
    });
    request.resume().once('end', () => response.end('fine'));
  });
  server.on('secureConnection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('tlsClientError', () => undefined); // the tests look at what the client says
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('expected a port');
  return {
    port: address.port,
    seen,
    open: () => sockets.size,
    rotate: (secureContext) => server.setSecureContext(secureContext),
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

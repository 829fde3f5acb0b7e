import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';

/** A server inside, which nobody may reach: it counts connections, whatever is said on them, and answers like HTTP. */
export type Canary = AsyncDisposable & Readonly<{ port: number; hits(): number }>;

/** Listens on one port of 127.0.0.1 and, where the machine has it, of ::1. */
export async function openCanary(): Promise<Canary> {
  await using stack = new AsyncDisposableStack();
  let hits = 0;
  const sockets = new Set<Socket>();
  const open = async (host: string, port: number): Promise<number> => {
    const server = createServer((socket) => {
      hits += 1;
      sockets.add(socket);
      socket.on('error', () => undefined).once('close', () => sockets.delete(socket));
      socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 6\r\nconnection: close\r\n\r\ncanary'));
    });
    server.listen(port, host);
    await once(server, 'listening');
    stack.defer(async () => {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    });
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('expected a port');
    return address.port;
  };
  const port = await open('127.0.0.1', 0);
  await open('::1', port).catch(() => undefined); // a machine without IPv6
  const opened = stack.move();
  return { port, hits: () => hits, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

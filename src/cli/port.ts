import { once } from 'node:events';
import { createServer } from 'node:net';
import { BatonError } from '../contracts/error.ts';

/** Whether `port` can be listened on now; 0 always can. Throws what is wrong with the address itself. */
export async function isPortFree(host: string, port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, host);
    await once(server, 'listening');
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') return false;
    throw new BatonError(
      'config_invalid',
      `Cannot listen on ${host}:${port}: ${error instanceof Error ? error.message : error}.`,
    );
  } finally {
    server.close();
  }
}

/** Throws a sentence that names the way out. */
export async function requireFreePort(host: string, port: number): Promise<void> {
  if (await isPortFree(host, port)) return;
  const text = `Port ${port} is taken: stop what listens there, or choose another one with --port (0 takes a free one).`;
  throw new BatonError('config_invalid', text);
}

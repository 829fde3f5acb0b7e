// A way to Redis on which single connections of a process can be made to hang, told apart by their names.
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export type RedisProxy = AsyncDisposable & {
  readonly url: string;
  /** From now on nothing goes either way on connections that have called themselves `name`, until the release. */
  stall(name: string): () => void;
  /** From now on what Redis answers on the connections there are is lost; the end of it breaks them. */
  loseReplies(): () => void;
  /** Breaks all connections there are; new ones get through. */
  cut(): void;
};

type Link = { readonly client: Socket; readonly server: Socket; head: string };

/** How much of what a client sends first is searched for its name. */
const HEAD_CHARS = 2_000;

export async function openRedisProxy(port: number): Promise<RedisProxy> {
  const links = new Set<Link>();
  const proxy = createServer((client) => {
    const link = { client, server: connect(port, '127.0.0.1'), head: '' };
    links.add(link);
    client.on('data', (data) => {
      if (link.head.length < HEAD_CHARS) link.head += data.toString('latin1');
    });
    for (const socket of [link.client, link.server]) {
      socket.on('error', () => undefined); // its close follows, and that is what counts
      socket.on('close', () => {
        links.delete(link);
        link.client.destroy();
        link.server.destroy();
      });
    }
    client.pipe(link.server).pipe(client);
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  return {
    url: `redis://127.0.0.1:${(proxy.address() as AddressInfo).port}`, // a TCP server has one
    stall: (name) => {
      const stalled = [...links].filter(({ head }) => head.includes(name));
      for (const { client, server } of stalled) client.unpipe(server).pause();
      return () => {
        for (const { client, server } of stalled) client.pipe(server);
      };
    },
    loseReplies: () => {
      const deaf = [...links];
      for (const { client, server } of deaf) server.unpipe(client).resume();
      return () => {
        for (const { client } of deaf) client.destroy();
      };
    },
    cut: () => {
      for (const { client } of links) client.destroy();
    },
    [Symbol.asyncDispose]: async () => {
      for (const { client } of links) client.destroy();
      proxy.close();
      await once(proxy, 'close');
    },
  };
}

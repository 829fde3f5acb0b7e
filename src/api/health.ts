import type { Express } from 'express';
import { BatonError } from '../contracts/error.ts';
import { addRoute } from './route.ts';
import type { Door } from './tools.ts';

/** A Redis that needs longer for a PING is as good as away. */
const PING_MS = 1_000;

/** GET /livez: the process answers. GET /readyz: send requests here, which no process says that is shutting down or has lost Redis. */
export function addHealthRoutes(app: Express, { flow, model, draining }: Door): void {
  addRoute(app, '/livez', { get: (_request, response) => void response.json({ status: 'ok' }) });
  addRoute(app, '/readyz', {
    get: async (_request, response) => {
      if (draining.aborted) throw new BatonError('draining');
      await ping(flow.store.redis);
      response.json({ status: 'ready', model });
    },
  });
}

async function ping(redis: { ping(): Promise<unknown> }): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new BatonError('store_unavailable')), PING_MS);
  });
  try {
    await Promise.race([redis.ping(), late]);
  } catch (error) {
    throw new BatonError('store_unavailable', undefined, { cause: error });
  } finally {
    clearTimeout(timer);
  }
}

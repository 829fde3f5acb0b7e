import type { Express, Request, RequestHandler, Response } from 'express';
import { BatonError } from '../contracts/error.ts';

export type Handler = (request: Request, response: Response) => Promise<void> | void;

type Methods = Partial<
  Record<'get' | 'post' | 'put' | 'patch' | 'delete', Handler | readonly [...RequestHandler[], Handler]>
>;

/** Adds a path with all its methods. Any other method gets method_not_allowed with `Allow`, OPTIONS a 204. */
export function addRoute(app: Express, path: string, methods: Methods): void {
  const route = app.route(path);
  const handlers = Object.entries(methods) as [keyof Methods, Handler | RequestHandler[]][]; // keys of a literal object
  for (const [method, handler] of handlers) route[method](handler);
  route.all(refuseOthers(handlers.map(([method]) => method.toUpperCase())));
}

function refuseOthers(methods: readonly string[]): RequestHandler {
  const allow = methods.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method])).join(', ');
  return (request, response) => {
    response.set('Allow', allow);
    if (request.method !== 'OPTIONS') {
      throw new BatonError('method_not_allowed', `This address takes ${allow}, not ${request.method}.`);
    }
    response.status(204).end();
  };
}

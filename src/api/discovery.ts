import type { Express } from 'express';
import { BatonError } from '../contracts/error.ts';
import { addRoute } from './route.ts';
import type { Door } from './tools.ts';

/** How it stands with the foreign discovery service, and asking it at once. */
export function addDiscoveryRoutes(app: Express, { discovery }: Door): void {
  const configured = () => {
    if (discovery !== null) return discovery;
    throw new BatonError('discovery_not_configured', 'No discovery service is configured: set DISCOVERY_SERVICE_URL.');
  };
  addRoute(app, '/v1/discovery', {
    get: async (_request, response) => void response.json(await configured().state()),
  });
  addRoute(app, '/v1/discovery/refresh', {
    post: async (_request, response) => void response.json(await configured().refresh()),
  });
}

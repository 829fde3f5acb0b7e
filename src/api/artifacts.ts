import type { Express, Request } from 'express';
import type { ArtifactList } from '../contracts/artifact.ts';
import { listArtifacts, readArtifact } from '../orchestrator/view-artifacts.ts';
import { addRoute } from './route.ts';
import { runIdOf } from './run-id.ts';
import type { Door } from './tools.ts';

/**
 * The files that a run's agents wrote. They are strangers' texts: whatever a file is called, it is sent as plain text to be saved, so
 * that no browser runs or renders it.
 */
export function addArtifactRoutes(app: Express, { flow }: Door): void {
  addRoute(app, '/v1/runs/:id/artifacts', {
    get: async (request, response) => {
      response.json((await listArtifacts(flow.store, runIdOf(request))) satisfies ArtifactList);
    },
  });
  addRoute(app, '/v1/runs/:id/artifacts/*path', {
    get: async (request, response) => {
      const path = pathOf(request);
      const text = await readArtifact(flow.store, runIdOf(request), path);
      response.attachment(path.slice(path.lastIndexOf('/') + 1));
      response.set('Content-Security-Policy', "default-src 'none'; sandbox");
      response.type('text/plain; charset=utf-8').send(text);
    },
  });
}

/** The rest of the address, decoded part by part. */
function pathOf({ params }: Request): string {
  const { path } = params;
  return Array.isArray(path) ? path.join('/') : String(path);
}

import type { Express, Request, Response } from 'express';
import { faultyError } from '../contracts/error.ts';
import { StatePatch } from '../contracts/state.ts';
import type { Store } from '../journal/store.ts';
import { patchState, viewState } from '../orchestrator/run-state.ts';
import { parseBody, readJson } from './json-body.ts';
import { idempotencyOf } from './request-headers.ts';
import { addRoute } from './route.ts';
import { runIdOf } from './run-id.ts';
import type { Door } from './tools.ts';

/** The state that a run's agents share: read whole, changed by compare-and-set, or by increments and appends that cannot conflict. */
export function addStateRoutes(app: Express, { flow }: Door): void {
  addRoute(app, '/v1/runs/:id/state', {
    get: async (request, response) => {
      const state = await viewState(flow.store, runIdOf(request));
      tag(response, state.version).json(state);
    },
    patch: [
      ...readJson,
      async (request, response) => {
        const patch = parseBody(StatePatch, request.body);
        const run = runIdOf(request);
        const asked = { patch, version: await versionFor(flow.store, request) };
        const idempotency = idempotencyOf(request.get('Idempotency-Key'), asked);
        const version = await patchState(flow.store, { run, ...asked, idempotency });
        tag(response, version).json({ version });
      },
    ],
  });
}

function tag(response: Response, version: number): Response {
  return response.set('ETag', `"v${version}"`);
}

/** What no state has as its version. */
const NO_VERSION = -1;

/** The version a patch is meant for: of several that If-Match names the present one, if it is among them. */
async function versionFor(store: Store, request: Request): Promise<number | undefined> {
  const named = versionsOf(request.get('If-Match')?.trim());
  if (named === undefined || named.length < 2) return named === undefined ? undefined : (named[0] ?? NO_VERSION);
  const { version } = await viewState(store, runIdOf(request));
  return named.includes(version) ? version : NO_VERSION;
}

/** If-Match (RFC 9110, 13.1.1): the versions that match; undefined for any. A tag that the state never has, and every weak one, matches none. */
function versionsOf(header: string | undefined): readonly number[] | undefined {
  if (header === undefined || header === '*') return undefined;
  const tags = header.split(',').map((tag) => tag.trim());
  const message = 'expected the ETag of the state, such as "v3"';
  if (!tags.every((tag) => /^(?:W\/)?"[^"\s]*"$/.test(tag)))
    throw faultyError('invalid_request', [{ path: 'If-Match', message }]);
  return tags.flatMap((tag) => /^"v(?<version>\d{1,15})"$/.exec(tag)?.groups?.version ?? []).map(Number);
}

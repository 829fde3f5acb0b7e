import type { Express, Request } from 'express';
import { z } from 'zod';
import { BatonError, parseOr } from '../contracts/error.ts';
import { limits } from '../contracts/limits.ts';
import { SessionId } from '../contracts/session.ts';
import { endSession, viewSession } from '../orchestrator/sessions.ts';
import { addRoute } from './route.ts';
import type { Door } from './tools.ts';

const PAGE_DEFAULT = 20;

/** Query of GET /v1/sessions/{id}. `cursor` is what the page before gave as next_cursor. */
const Page = z.object({
  limit: z.coerce.number().int().min(1).max(limits.pageRuns).default(PAGE_DEFAULT),
  cursor: z
    .string()
    .regex(/^\d{1,15}$/, 'expected the next_cursor of another page')
    .transform(Number)
    .optional(),
});

/** Runs that belong together: what they are, and how they are forgotten. A session begins with its first run. */
export function addSessionRoutes(app: Express, { flow }: Door): void {
  addRoute(app, '/v1/sessions/:id', {
    get: async (request, response) => {
      const session = sessionIdOf(request);
      const { limit, cursor: before } = parseOr(Page, request.query, 'invalid_request');
      const view = await viewSession(flow.store, session, { before, limit });
      if (view.next_cursor !== null)
        response.links({ next: `/v1/sessions/${session}?limit=${limit}&cursor=${view.next_cursor}` });
      response.json(view);
    },
    delete: async (request, response) => {
      await endSession(flow.store, sessionIdOf(request));
      response.status(204).end();
    },
  });
}

function sessionIdOf(request: Request): string {
  const id = SessionId.safeParse(request.params.id);
  if (!id.success) throw new BatonError('session_not_found');
  return id.data;
}

import type { Express } from 'express';
import { z } from 'zod';
import { BatonError, parseOr } from '../contracts/error.ts';
import { limits } from '../contracts/limits.ts';
import { isTerminal, type RunStatus } from '../contracts/run.ts';
import { loadHead } from '../journal/load-run.ts';
import { cancelRun } from '../orchestrator/cancel-run.ts';
import { pauseRun, resumeRun } from '../orchestrator/pause-run.ts';
import { linksOf, viewRun, viewRuns } from '../orchestrator/view-run.ts';
import { refuseWhenFull } from './admission.ts';
import { createRun } from './create-run.ts';
import { readJson } from './json-body.ts';
import { addRoute, type Handler } from './route.ts';
import { showEvents } from './run-events.ts';
import { runIdOf } from './run-id.ts';
import type { Door } from './tools.ts';

const PAGE_DEFAULT = 20;

/** Query of GET /v1/runs. `cursor` is what the page before gave as next_cursor. */
const Page = z.object({
  limit: z.coerce.number().int().min(1).max(limits.pageRuns).default(PAGE_DEFAULT),
  cursor: z
    .string()
    .regex(/^\d{1,9}$/, 'expected the next_cursor of another page')
    .transform(Number)
    .default(0),
});

export function addRunRoutes(app: Express, door: Door): void {
  addRoute(app, '/v1/runs', { get: listRuns(door), post: [...readJson, refuseWhenFull(door), createRun(door)] });
  addRoute(app, '/v1/runs/:id', { get: showRun(door) });
  addRoute(app, '/v1/runs/:id/events', { get: showEvents(door) });
  addRoute(app, '/v1/runs/:id/cancel', { post: command(door, (run) => cancelRun(door.flow, run)) });
  addRoute(app, '/v1/runs/:id/pause', { post: command(door, (run) => pauseRun(door.flow, run)) });
  addRoute(app, '/v1/runs/:id/resume', { post: command(door, (run) => resumeRun(door.flow, run)) });
}

function listRuns({ flow }: Door): Handler {
  return async (request, response) => {
    const { limit, cursor } = parseOr(Page, request.query, 'invalid_request');
    const { runs, next } = await viewRuns(flow.store, { offset: cursor, limit });
    if (next !== null) response.links({ next: `/v1/runs?limit=${limit}&cursor=${next}` });
    response.json({ runs, next_cursor: next === null ? null : String(next) });
  };
}

function showRun({ flow }: Door): Handler {
  return async (request, response) => {
    const view = await viewRun(flow.store, runIdOf(request));
    if (view === undefined) throw new BatonError('run_not_found');
    response.json(view); // with a strong ETag, and 304 for If-None-Match: express's own
  };
}

/** 202 when it was told to the run, 200 when the run had ended before: then nothing was done. */
function command({ flow }: Door, tell: (run: string) => Promise<RunStatus | undefined>): Handler {
  return async (request, response) => {
    const run = runIdOf(request);
    const before = await tell(run);
    if (before === undefined) throw new BatonError('run_not_found');
    const status = (await loadHead(flow.store, run))?.status ?? before;
    response.status(isTerminal(before) ? 200 : 202).json({ run_id: run, status, links: linksOf(run) });
  };
}

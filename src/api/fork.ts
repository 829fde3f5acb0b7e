import type { Express } from 'express';
import { z } from 'zod';
import { parseOr } from '../contracts/error.ts';
import { ForkRequest } from '../contracts/fork.ts';
import { forkRun, previewFork } from '../orchestrator/fork-run.ts';
import { chooseStreamOrJson } from './accept.ts';
import { requireRoom } from './admission.ts';
import { answerAccepted } from './create-run.ts';
import { parseBody, readJson } from './json-body.ts';
import { cursorOf, idempotencyOf } from './request-headers.ts';
import { addRoute, type Handler } from './route.ts';
import { runIdOf } from './run-id.ts';
import type { Door } from './tools.ts';

/** Query of POST /v1/runs/{id}/fork. */
const Query = z.object({ dry_run: z.enum(['0', '1', 'false', 'true']).default('0') });

export function addForkRoute(app: Express, door: Door): void {
  addRoute(app, '/v1/runs/:id/fork', { post: [...readJson, fork(door)] });
}

/** As POST /v1/runs answers; with `dry_run=1` 200 with what would run again. */
function fork(door: Door): Handler {
  return async (request, response) => {
    const format = chooseStreamOrJson(request, response);
    const run = runIdOf(request);
    const body = parseBody(ForkRequest, request.body);
    const { dry_run } = parseOr(Query, request.query, 'invalid_request');
    if (dry_run === '1' || dry_run === 'true') {
      response.json(await previewFork(door.flow.store, run, body));
      return;
    }
    await requireRoom(door, response);
    const idempotency = idempotencyOf(request.get('Idempotency-Key'), { run, ...body });
    const after = idempotency && cursorOf(request.get('Last-Event-ID'), request.query.after);
    const submitted = await forkRun(door.flow, { run, request: body }, idempotency);
    await answerAccepted(door, { request, response }, { ...submitted, after, format });
  };
}

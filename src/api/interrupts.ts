import type { Express } from 'express';
import { z } from 'zod';
import { parseOr } from '../contracts/error.ts';
import { RunId } from '../contracts/ids.ts';
import { Decision, InterruptId } from '../contracts/interrupt.ts';
import { limits } from '../contracts/limits.ts';
import { decideInterrupt, viewInterrupt } from '../orchestrator/interrupts.ts';
import { listInterrupts } from '../orchestrator/list-interrupts.ts';
import { parseBody, readJson } from './json-body.ts';
import { addRoute, type Handler } from './route.ts';
import type { Door } from './tools.ts';

const PAGE_DEFAULT = 20;

const CURSOR = 'expected the next_cursor of another page';

/** `<ms>:<interrupt id>` */
const Cursor = z
  .string()
  .regex(/^\d{1,15}:/, CURSOR)
  .transform((text) => ({ at: Number(text.split(':')[0]), id: text.slice(text.indexOf(':') + 1) }))
  .pipe(z.object({ at: z.number(), id: InterruptId }, CURSOR));

/** Query of GET /v1/interrupts. */
const Page = z.object({
  limit: z.coerce.number().int().min(1).max(limits.pageRuns).default(PAGE_DEFAULT),
  cursor: Cursor.optional(),
  run_id: RunId.optional(),
});

/** Questions to humans, over all runs, and their decisions. */
export function addInterruptRoutes(app: Express, door: Door): void {
  addRoute(app, '/v1/interrupts', { get: list(door) });
  addRoute(app, '/v1/interrupts/:id', { get: show(door) });
  addRoute(app, '/v1/interrupts/:id/decision', { post: [...readJson, decide(door)] });
}

function list({ flow }: Door): Handler {
  return async (request, response) => {
    const { limit, cursor: after, run_id: run } = parseOr(Page, request.query, 'invalid_request');
    const { interrupts, next } = await listInterrupts(flow.store, { limit, after, run });
    const next_cursor = next === null ? null : `${next.at}:${next.id}`;
    if (next_cursor !== null) {
      const query = new URLSearchParams({
        limit: `${limit}`,
        cursor: next_cursor,
        ...(run !== undefined && { run_id: run }),
      });
      response.links({ next: `/v1/interrupts?${query}` });
    }
    response.json({ interrupts, next_cursor });
  };
}

function show({ flow }: Door): Handler {
  return async (request, response) => void response.json(await viewInterrupt(flow.store, String(request.params.id)));
}

function decide({ flow }: Door): Handler {
  return async (request, response) => {
    const decision = parseBody(Decision, request.body);
    response.json(await decideInterrupt(flow, String(request.params.id), decision));
  };
}

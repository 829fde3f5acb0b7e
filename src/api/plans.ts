import type { Express, Request, Response } from 'express';
import { z } from 'zod';
import { BatonError, faultyError, parseOr } from '../contracts/error.ts';
import { PlanName, type PlanRef, planLimits, SavePlan, type StoredPlan } from '../contracts/stored-plan.ts';
import { assessPlan } from '../orchestrator/assess-plan.ts';
import { findPlan, listPlans, removePlan, storePlan } from '../orchestrator/stored-plans.ts';
import { requireRoom } from './admission.ts';
import { ifMatchOf } from './agent-body.ts';
import { parseBody, parseWithPlan, readJson } from './json-body.ts';
import { addRoute, type Handler } from './route.ts';
import type { Door } from './tools.ts';

const PAGE_DEFAULT = 20;

/** Query of GET /v1/plans. `cursor` is what the page before gave as next_cursor. */
const Page = z.object({
  limit: z.coerce.number().int().min(1).max(planLimits.page).default(PAGE_DEFAULT),
  cursor: PlanName.optional(),
});

/** Query of /v1/plans/{name}: the latest version, or all of them for a DELETE, unless one is named. */
const Which = z.object({ version: z.coerce.number().int().min(1).max(1_000_000_000).optional() });

/** Body of POST /v1/plans/validate. Any plan is taken: what is wrong with it is the answer. */
const Validation = z.strictObject({ plan: z.unknown() });

/** Plans as data: looked at before they run, stored by name and version, and carried out again without the planner. */
export function addPlanRoutes(app: Express, door: Door): void {
  const { store } = door.flow;
  addRoute(app, '/v1/plans/validate', { post: [...readJson, validate(door)] });
  addRoute(app, '/v1/plans', { get: list(door), post: [...readJson, save(door)] });
  addRoute(app, '/v1/plans/:name', {
    get: async (request, response) => show(response, await findPlan(store, refOf(request))),
    delete: async (request, response) => {
      await removePlan(store, refOf(request));
      response.status(204).end();
    },
  });
}

function validate({ flow, registry }: Door): Handler {
  return async (request, response) => {
    const { plan } = parseBody(Validation, request.body);
    response.json(await assessPlan(flow.store, await registry.list(), plan));
  };
}

function list({ flow }: Door): Handler {
  return async (request, response) => {
    const { limit, cursor } = parseOr(Page, request.query, 'invalid_request');
    const page = await listPlans(flow.store, { after: cursor, limit });
    if (page.next_cursor !== null) response.links({ next: `/v1/plans?limit=${limit}&cursor=${page.next_cursor}` });
    response.json(page);
  };
}

/** 201 for a new version, 200 when the latest one has the same content. */
function save(door: Door): Handler {
  return async (request, response) => {
    const body = parseWithPlan(SavePlan, request.body);
    const expected = expectedOf(request);
    await requireRoom(door, response);
    const { stored, isNew } = await storePlan(door.flow.store, body, expected);
    response.status(isNew ? 201 : 200).location(`/v1/plans/${stored.name}?version=${stored.version}`);
    show(response, stored);
  };
}

function show(response: Response, stored: StoredPlan): void {
  response.set('ETag', `"${stored.etag}"`).json(stored);
}

/** `If-Match`: the etag of the latest version, `*` for any; `If-None-Match: *`: there must be none, told as `-`. */
function expectedOf(request: Request): string | undefined {
  const none = request.get('If-None-Match');
  if (none === undefined) return ifMatchOf(request);
  if (none.trim() === '*' && request.get('If-Match') === undefined) return '-';
  throw faultyError('invalid_request', [{ path: 'If-None-Match', message: 'expected *, and no If-Match' }]);
}

/** Throws plan_not_found for a name that no plan can have. */
function refOf(request: Request): PlanRef {
  const name = PlanName.safeParse(request.params.name);
  if (!name.success) throw new BatonError('plan_not_found');
  return { name: name.data, version: parseOr(Which, request.query, 'invalid_request').version };
}

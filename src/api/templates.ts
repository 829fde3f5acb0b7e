import type { Express, Request } from 'express';
import { BatonError, faultyError } from '../contracts/error.ts';
import { Template, TemplateId } from '../contracts/template.ts';
import { viewPool } from '../registry/pool.ts';
import { openTemplates } from '../registry/template-store.ts';
import { parseBody, readJson } from './json-body.ts';
import { addRoute } from './route.ts';
import type { ApiTools } from './tools.ts';

/** What agents are made from, and what the made ones hold: templates to read and to change, and the pool to look at. */
export function addTemplateRoutes(app: Express, { flow, pool, log }: Pick<ApiTools, 'flow' | 'pool' | 'log'>): void {
  const onUnreadable = (template: string, err: unknown): void =>
    log.error({ err, template }, 'this template cannot be read and is passed over');
  const templates = openTemplates({ ...flow.store, onUnreadable });
  addRoute(app, '/v1/templates', {
    get: async (_request, response) => void response.json({ templates: await templates.list() }),
  });
  addRoute(app, '/v1/templates/:id', {
    get: async (request, response) => void response.json(await templates.get(templateIdOf(request))),
    put: [
      ...readJson,
      async (request, response) => {
        const template = parseBody(Template, withId(request.body, request.params.id));
        const added = await templates.put(template);
        response.status(added ? 201 : 200).json(await templates.get(template.id));
      },
    ],
    delete: async (request, response) => {
      await templates.remove(templateIdOf(request));
      response.status(204).end();
    },
  });
  addRoute(app, '/v1/pool', {
    get: async (_request, response) => void response.json(await viewPool(flow.store, pool)),
  });
}

/** The address names the template; a body may repeat the id, but not contradict it. */
function withId(body: unknown, id: unknown): unknown {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return body;
  const { id: given = id } = body as { id?: unknown }; // parsed JSON: any field may be there
  if (given === id) return { ...body, id };
  throw faultyError('invalid_request', [{ path: 'id', message: 'expected the id of the address, or none' }]);
}

function templateIdOf(request: Request): string {
  const id = TemplateId.safeParse(request.params.id);
  if (!id.success) throw new BatonError('template_not_found');
  return id.data;
}

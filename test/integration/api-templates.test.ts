// Templates and the pool through the door.
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { PoolView } from '../../src/contracts/pool.ts';
import { ListedTemplate, TemplateList } from '../../src/contracts/template.ts';
import { spawnAgent } from '../../src/registry/spawn.ts';
import { openTestApi, type TestApi } from '../support/api.ts';
import { runCommand } from '../support/command.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';
import { claimOf, spawningOf } from '../support/spawning.ts';
import { createTestRun } from '../support/store.ts';

let redis: TestRedis;
let api: TestApi;

beforeAll(async () => {
  redis = await startTestRedis();
  api = await openTestApi(redis.url);
});

beforeEach(async () => {
  await api.store.redis.flushall();
});

afterAll(async () => {
  await api[Symbol.asyncDispose]();
  await redis.stop();
});

async function ask(method: string, path: string, body?: unknown) {
  const headers = { 'content-type': 'application/json' };
  const init = body === undefined ? { method } : { method, headers, body: JSON.stringify(body) };
  const response = await fetch(`${api.url}${path}`, init);
  const text = await response.text();
  return { status: response.status, type: response.headers.get('content-type'), body: text && JSON.parse(text) };
}

const scout = { name: 'Scout', type: 'research', capabilities: ['search'], prompt: 'You scout {{research_focus}}.' };

test('the specialists, the coordinator and the six roles are there from the beginning', async () => {
  const { templates } = TemplateList.parse((await ask('GET', '/v1/templates')).body);
  expect(templates.map(({ id }) => id)).toEqual([
    ...['analysis_specialist', 'coder', 'coordinator', 'documenter', 'planner', 'qa', 'research_specialist'],
    ...['researcher', 'reviewer', 'synthesis_specialist'],
  ]);
  for (const template of templates) {
    expect(template).toMatchObject({
      ...{ shipped: true, max_concurrent_tasks: 3, timeout_seconds: 300, retry_attempts: 3, monitoring_enabled: true },
      record: { made: 0, success: 1 },
    });
  }
});

test('an operator adds a template, changes it, and takes it out again', async () => {
  const added = await ask('PUT', '/v1/templates/scout', scout);
  expect(added).toMatchObject({ status: 201, body: { id: 'scout', shipped: false, timeout_seconds: 300 } });
  expect((await ask('PUT', '/v1/templates/scout', { ...scout, timeout_seconds: 9 })).status).toBe(200);
  expect((await ask('GET', '/v1/templates/scout')).body.timeout_seconds).toBe(9);
  expect((await ask('DELETE', '/v1/templates/scout')).status).toBe(204);
  expect(await ask('GET', '/v1/templates/scout')).toMatchObject({ status: 404, body: { code: 'template_not_found' } });
});

test('a shipped template can be replaced, and is back when the other one is deleted; it cannot be deleted itself', async () => {
  const shipped = ListedTemplate.parse((await ask('GET', '/v1/templates/coder')).body);
  const mine = { ...scout, capabilities: ['code_generation'], id: 'coder' };
  expect(await ask('PUT', '/v1/templates/coder', mine)).toMatchObject({
    status: 200,
    body: { shipped: false, name: 'Scout' },
  });
  expect((await ask('DELETE', '/v1/templates/coder')).status).toBe(204);
  expect((await ask('GET', '/v1/templates/coder')).body).toEqual(shipped);
  expect(await ask('DELETE', '/v1/templates/coder')).toMatchObject({
    ...{ status: 422, type: expect.stringContaining('application/problem+json') },
    body: { code: 'invalid_request', errors: [{ path: 'id', message: expect.stringContaining('ships with baton') }] },
  });
});

test.each([
  [
    'a place in the prompt for no parameter',
    { prompt: 'You are {{whom}}.' },
    'prompt',
    /"\{\{whom\}\}" stands for no parameter/,
  ],
  ['an unknown field', { procesor: 'x' }, '', /procesor/],
  ['an unknown type', { type: 'magic' }, 'type', /./],
  ['an unknown capability', { capabilities: ['flying'] }, 'capabilities[0]', /./],
  ['no capability', { capabilities: [] }, 'capabilities', /./],
  ['a parameter of an unknown type', { parameters: { a: { type: 'code', default: '1' } } }, 'parameters.a.type', /./],
  ['a parameter with a bad name', { parameters: { 'a b': { type: 'text', default: '' } } }, 'parameters.a b', /./],
  ['a temperature that is too high', { model: { temperature: 3 } }, 'model.temperature', /./],
  ['a negative need', { resources: { memory_mb: -1 } }, 'resources.memory_mb', /./],
  ['another id than its address', { id: 'other' }, 'id', /expected the id of the address/],
])('a template with %s is refused, naming the fault', async (_, fields, path, message) => {
  const { status, body, type } = await ask('PUT', '/v1/templates/scout', { ...scout, ...fields });
  expect({ status, code: body.code, type }).toEqual({
    ...{ status: 422, code: 'invalid_request', type: expect.stringContaining('application/problem+json') },
  });
  expect(body.errors[0]).toEqual({ path, message: expect.stringMatching(message) });
  expect((await ask('GET', '/v1/templates/scout')).status).toBe(404);
});

test.each(['Scout', '%7B%7D', '__proto__', `${'a'.repeat(65)}`])(
  'an address with the id %s names nothing',
  async (id) => {
    expect((await ask('GET', `/v1/templates/${id}`)).status).toBe(404);
    expect((await ask('DELETE', `/v1/templates/${id}`)).status).toBe(404);
    expect((await ask('PUT', `/v1/templates/${id}`, scout)).status).toBe(422);
  },
);

test.each([
  ['an unknown template', { id: 'nobody' }, 'template.id', /there is no template "nobody"/],
  [
    'an unknown parameter',
    { id: 'coder', parameters: { langauge: 'go' } },
    'template.parameters.langauge',
    /no such parameter/,
  ],
  [
    'a value of another type',
    { id: 'coder', parameters: { language: 5 } },
    'template.parameters.language',
    /a text of at most 40/,
  ],
  ['a template for other work', { id: 'planner' }, 'template.id', /this task requires code_generation/],
])('a plan that asks for %s is refused before it begins, naming the place', async (_, template, path, message) => {
  const task = { task_id: 'a', description: 'a', required_capability: 'code_generation', template };
  const { status, body } = await ask('POST', '/v1/runs', { plan: { sub_tasks: [task] } });
  expect({ status, code: body.code }).toEqual({ status: 422, code: 'invalid_plan' });
  expect(body.errors).toEqual([{ path: `plan.sub_tasks[0].${path}`, message: expect.stringMatching(message) }]);
});

test('the pool says what there is, what is taken, and by whom', async () => {
  const run = await createTestRun(api.store);
  await claimOf(api.store, run, 'a');
  const { agent_id } = await spawnAgent(api.store, spawningOf({ run, task: 'a' }));
  expect(PoolView.parse((await ask('GET', '/v1/pool')).body)).toMatchObject({
    capacity: { agents: 100 },
    taken: { agents: 1, memory_mb: 64, tokens_per_minute: 10_000 },
    agents: [{ agent_id, run_id: run, task_id: 'a', template: 'worker' }],
  });
});

test('baton templates lists them as a table, or whole as JSON', async () => {
  const table = await runCommand(['templates', '--url', api.url]);
  expect(table.stdout).toMatch(/^template +type +capabilities +from +made +success\n/);
  expect(table.stdout).toMatch(/^coder +coding +code_generation +baton +0 +1\.00$/m);
  const listed = await runCommand(['templates', '--json', '--url', api.url]);
  expect(TemplateList.parse({ templates: JSON.parse(listed.stdout) }).templates).toHaveLength(10);
});

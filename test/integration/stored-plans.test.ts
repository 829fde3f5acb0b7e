import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openClient } from '../../src/client/client.ts';
import { AgentDescriptor } from '../../src/contracts/agent.ts';
import type { Plan } from '../../src/contracts/plan.ts';
import { plainOptions } from '../../src/contracts/run-options.ts';
import { planLimits } from '../../src/contracts/stored-plan.ts';
import { savePlan } from '../../src/journal/plan-store.ts';
import { submitRun } from '../../src/orchestrator/submit-run.ts';
import { openTestApi, type TestApi } from '../support/api.ts';
import { runCommand, scratchFolder } from '../support/command.ts';
import { type Engine, openEngine } from '../support/engine.ts';
import { planOf } from '../support/plans.ts';
import { chunk, openScriptedModel, say, streamOf } from '../support/scripted-model.ts';

let engine: Engine;
let api: TestApi;

beforeAll(async () => {
  engine = await openEngine();
  api = await openTestApi(engine.redis.url);
});

afterAll(async () => {
  await api[Symbol.asyncDispose]();
  await engine[Symbol.asyncDispose]();
});

async function ask(method: string, address: string, body?: unknown, headers: object = {}) {
  const response = await fetch(`${api.url}${address}`, {
    method,
    headers: { 'content-type': 'application/json', ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  const [type, etag, location] = ['content-type', 'etag', 'location'].map((name) => response.headers.get(name));
  return {
    status: response.status,
    type: type ?? null,
    etag: etag ?? null,
    location: location ?? null,
    body: text && JSON.parse(text),
  };
}

const one = planOf({ a: {} });
const two = planOf({ a: {}, b: { after: ['a'] } });
const save = (name: string, plan: Plan, headers: object = {}) => ask('POST', '/v1/plans', { name, plan }, headers);
const problem = (status: number, code: string) => ({
  ...{ status, type: expect.stringContaining('application/problem+json') },
  body: { code },
});

describe('stored plans', () => {
  test('a plan gets versions; the latest is given unless one is named', async () => {
    const first = await save('report', one);
    expect(first).toMatchObject({ status: 201, location: '/v1/plans/report?version=1', body: { version: 1 } });
    expect(await save('report', two)).toMatchObject({ status: 201, body: { version: 2, from_run: null } });
    expect((await ask('GET', '/v1/plans/report')).body).toMatchObject({ version: 2, plan: two });
    expect((await ask('GET', '/v1/plans/report?version=1')).body).toEqual(first.body);
    expect(await ask('GET', '/v1/plans/report?version=3')).toMatchObject(problem(404, 'plan_not_found'));
    expect(await ask('GET', '/v1/plans/nobody')).toMatchObject(problem(404, 'plan_not_found'));
  });

  test('equal content is the same version, in whatever order its fields were written', async () => {
    const first = await save('equal', planOf({ a: { input_data: { x: 1, y: { p: 1, q: 2 } } } }));
    const again = await save('equal', planOf({ a: { input_data: { y: { q: 2, p: 1 }, x: 1 } } }));
    expect(again).toMatchObject({ status: 200, etag: first.etag, body: { version: 1 } });
    const answers = await Promise.all(Array.from({ length: 20 }, () => save('equal', two)));
    expect(answers.map(({ status }) => status).toSorted()).toEqual([...Array(19).fill(200), 201]);
    expect((await ask('GET', '/v1/plans/equal')).body.version).toBe(2);
  });

  test('the same save sent twice counts once, also when somebody has saved in between', async () => {
    const given = { name: 'twice', fromRun: undefined, expected: undefined };
    const first = { ...given, id: 'save-1', plan: one, digest: 'd1' };
    expect(await savePlan(api.store, first)).toEqual({ outcome: 'saved', version: 1 });
    await savePlan(api.store, { ...given, id: 'save-2', plan: two, digest: 'd2' });
    expect(await savePlan(api.store, first)).toEqual({ outcome: 'saved', version: 1 });
    expect((await ask('GET', '/v1/plans/twice')).body.version).toBe(2);
  });

  test('If-Match saves only upon the version that was read; If-None-Match only the first one', async () => {
    const first = await save('guarded', one, { 'if-none-match': '*' });
    expect(first.status).toBe(201);
    expect(await save('guarded', two, { 'if-none-match': '*' })).toMatchObject(problem(412, 'precondition_failed'));
    expect(await save('unknown', one, { 'if-match': '*' })).toMatchObject(problem(412, 'precondition_failed'));
    const saves = ['x', 'y', 'z'].map((id) => save('guarded', planOf({ [id]: {} }), { 'if-match': first.etag }));
    expect((await Promise.all(saves)).map(({ status }) => status).toSorted()).toEqual([201, 412, 412]);
    expect(await save('guarded', one, { 'if-match': 'W/"1"' })).toMatchObject(problem(422, 'invalid_request'));
  });

  test('are listed by name, in pages, with their versions', async () => {
    for (const name of ['list-b', 'list-a', 'list-c']) await save(name, one);
    await save('list-b', two);
    const first = await ask('GET', '/v1/plans?limit=2&cursor=list');
    expect(first.body.plans).toMatchObject([
      { name: 'list-a', version: 1, versions: [1], tasks: 1 },
      { name: 'list-b', version: 2, versions: [1, 2], tasks: 2 },
    ]);
    const second = await ask('GET', `/v1/plans?limit=2&cursor=${first.body.next_cursor}`);
    expect(second.body.plans[0].name).toBe('list-c');
  });

  test('one version leaves, or all of them; a version number does not come again', async () => {
    const before = Number(await api.store.redis.get(api.store.keys.planBytes));
    await save('leaving', one);
    await save('leaving', two);
    expect((await ask('DELETE', '/v1/plans/leaving?version=2')).status).toBe(204);
    expect((await ask('GET', '/v1/plans/leaving')).body.version).toBe(1);
    expect((await save('leaving', two)).body.version).toBe(3);
    expect((await ask('DELETE', '/v1/plans/leaving')).status).toBe(204);
    expect(await ask('DELETE', '/v1/plans/leaving')).toMatchObject(problem(404, 'plan_not_found'));
    expect(Number(await api.store.redis.get(api.store.keys.planBytes))).toBe(before);
  });

  test.each([
    ['neither a plan nor a run', { name: 'x' }, 422, 'invalid_request'],
    ['both', { name: 'x', plan: one, from_run: `r${'0'.repeat(22)}` }, 422, 'invalid_request'],
    ['a name of another form', { name: 'a b', plan: one }, 422, 'invalid_request'],
    ['the name that is an address', { name: 'validate', plan: one }, 422, 'invalid_request'],
    ['a plan without tasks', { name: 'x', plan: { sub_tasks: [] } }, 422, 'invalid_plan'],
    [
      'a plan with a cycle',
      { name: 'x', plan: planOf({ a: { after: ['b'] }, b: { after: ['a'] } }) },
      422,
      'invalid_plan',
    ],
    ['a run that is not there', { name: 'x', from_run: `r${'0'.repeat(22)}` }, 404, 'run_not_found'],
  ])('refuses %s', async (_what, body, status, code) => {
    expect(await ask('POST', '/v1/plans', body)).toMatchObject(problem(status, code));
  });

  test('more versions, plans or bytes than there may be are refused', async () => {
    const { redis, keys } = api.store;
    for (let at = 0; at < planLimits.versions; at += 1) await save('many', planOf({ [`t${at}`]: {} }));
    expect(await save('many', one)).toMatchObject(problem(409, 'plans_full'));
    const names = Array.from({ length: planLimits.plans }, (_, at) => `filler-${at}`);
    await redis.zadd(keys.plans, ...names.flatMap((name) => [0, name]));
    expect(await save('one-more', one)).toMatchObject(problem(409, 'plans_full'));
    await redis.zrem(keys.plans, ...names);
    await redis.incrby(keys.planBytes, planLimits.bytes);
    expect(await save('one-more', one)).toMatchObject(problem(409, 'plans_full'));
    await redis.decrby(keys.planBytes, planLimits.bytes);
    expect((await save('one-more', one)).status).toBe(201);
  });
});

describe('a run of a stored plan', () => {
  const run = async (body: object, headers: object = {}) => (await ask('POST', '/v1/runs', body, headers)).body.run_id;

  test('carries out the version that it names, or the latest one, and says which', async () => {
    await save('steps', one);
    await save('steps', two);
    const latest = await engine.ended(await run({ plan_ref: { name: 'steps' } }));
    expect([...latest.results.keys()].toSorted()).toEqual(['a', 'b']);
    const first = await run({ plan_ref: { name: 'steps', version: 1 }, query: 'once more' });
    await engine.ended(first);
    expect((await ask('GET', `/v1/runs/${first}`)).body).toMatchObject({
      ...{ query: 'once more', plan_ref: { name: 'steps', version: 1 }, status: 'completed' },
      tasks: [{ task_id: 'a' }],
    });
  });

  test('repeats under its Idempotency-Key after the plan has changed, and has gone', async () => {
    await save('passing', one);
    const send = () => run({ plan_ref: { name: 'passing' } }, { 'idempotency-key': 'passing' });
    const first = await send();
    await save('passing', two);
    expect(await send()).toBe(first);
    await ask('DELETE', '/v1/plans/passing');
    expect(await send()).toBe(first);
    expect(await ask('POST', '/v1/runs', { plan_ref: { name: 'passing' } })).toMatchObject(
      problem(404, 'plan_not_found'),
    );
    await engine.ended(first);
  });

  test('has a plan of its own or a stored one, not both', async () => {
    const answer = await ask('POST', '/v1/runs', { plan: one, plan_ref: { name: 'steps' } });
    expect(answer.body.errors).toMatchObject([{ path: 'plan_ref' }]);
  });

  test('does again what a planned run did, without the planner', async () => {
    const task = (task_id: string, depends_on: readonly string[]) => ({
      ...{ task_id, description: `do ${task_id}`, required_capability: 'custom', input_data: [], depends_on },
    });
    const draft = { reasoning: 'r', sub_tasks: [task('t1', []), task('t2', ['t1'])] };
    const answer = streamOf([chunk('answer', 'stop')]);
    await using model = await openScriptedModel([say(JSON.stringify(draft)), answer]);
    await using own = await openEngine({ env: model.env });
    await using door = await openTestApi(own.redis.url);
    const client = openClient({ url: door.url });
    const submitted = await submitRun(own.opened.flow, { query: 'two steps', metadata: {}, options: plainOptions });
    const planned = await own.ended(submitted.run);
    const stored = await client.savePlan({ name: 'frozen', from_run: submitted.run });
    expect(stored).toMatchObject({ version: 1, from_run: submitted.run, plan: { original_query: 'two steps' } });
    const calls = model.asked().length;
    const { run_id } = await client.submit({ plan_ref: { name: 'frozen' } });
    const replayed = await own.ended(run_id);
    expect([...replayed.results.keys()]).toEqual([...planned.results.keys()]);
    expect(replayed.record).toMatchObject({ query: 'two steps', model: null });
    expect(model.asked()).toHaveLength(calls + 1); // the answer only
    expect((await client.savePlan({ name: 'frozen', from_run: run_id })).version).toBe(1);
  });

  test('a reviewed plan in order, frozen after it was carried out, can be carried out again', async () => {
    const plan = planOf({ a: {}, b: { after: ['a'], review: { max_revisions: 0 } } });
    const first = await engine.runToEnd(plan, { mode: 'sequential', interrupt_after: [] });
    expect((await ask('POST', '/v1/plans', { name: 'reviewed', from_run: first.run })).status).toBe(201);
    const again = await engine.ended(await run({ plan_ref: { name: 'reviewed' } }));
    expect(again.record.plan?.sub_tasks).toEqual(first.record.plan?.sub_tasks);
  });
});

describe('POST /v1/plans/validate', () => {
  const validate = async (plan: unknown) => ask('POST', '/v1/plans/validate', { plan });

  test('tells order, agents, time and price of a plan', async () => {
    const dear = AgentDescriptor.parse({
      ...{ agent_id: 'dear', name: 'dear', capabilities: ['translation'], priority: 9, max_tokens: 500 },
      ...{ streaming_mode: 'static', static_response: 'bonjour' },
      price: { output_per_million: 10, per_call: 0.01 },
    });
    await api.registry.put(dear);
    await engine.runToEnd(planOf({ a: { input_data: { ms: 30 } } })); // custom-1 has a record now
    const plan = planOf({
      a: {},
      b: { after: ['a'], capability: 'translation' },
      c: { after: ['a'], agent: 'nobody' },
      d: { after: ['b', 'c'], kind: 'approval' },
      e: {
        kind: 'map',
        map: { over: { input: 'items' } },
        input_data: { items: [1, 2, 3] },
        capability: 'translation',
      },
    });
    const { status, body } = await validate(plan);
    expect(status).toBe(200);
    expect(body).toMatchObject({ valid: true, faults: [], levels: [['a', 'e'], ['b', 'c'], ['d']] });
    expect(body.tasks).toMatchObject([
      { task_id: 'a', agent: 'custom-1', calls: 1, reason: null, cost: null, tokens: null },
      { task_id: 'b', agent: 'dear', candidates: 2, considered: 2, latency_ms: null, tokens: 500, cost: 0.015 },
      { task_id: 'c', agent: null, reason: expect.stringContaining('pinned to nobody') },
      { task_id: 'd', agent: null, calls: 0, reason: expect.stringContaining('human') },
      { task_id: 'e', agent: 'dear', calls: 3, tokens: 1500, cost: 0.045 },
    ]);
    expect(body.tasks[0].latency_ms).toBeGreaterThan(0);
    expect(body.critical_path).toMatchObject([{ task_id: 'a' }, { ms: null }, { task_id: 'd', ms: null }]);
    expect(body.estimate).toEqual({ ms: body.tasks[0].latency_ms, tokens: 2000, cost: 0.06 });
  });

  test('a plan with faults is no error: they are the answer, each with its place', async () => {
    expect(await validate(planOf({ a: { after: ['b'] }, b: { after: ['a'] } }))).toMatchObject({
      status: 200,
      body: { valid: false, faults: [{ path: 'plan.sub_tasks' }], levels: [], tasks: [] },
    });
    for (const nonsense of [null, 7, 'plan', [], {}, { sub_tasks: [{}] }, { ...one, extra: 1 }]) {
      const { status, body } = await validate(nonsense);
      expect({ status, valid: body.valid }).toEqual({ status: 200, valid: false });
      expect(body.faults[0].path).toMatch(/^plan/);
    }
    const template = { id: 'no_such_template' };
    expect((await validate(planOf({ a: { template } }))).body).toMatchObject({ valid: false, levels: [['a']] });
  });

  test('asks for the plan in a field of that name, and for POST', async () => {
    expect(await ask('POST', '/v1/plans/validate', { sub_tasks: [] })).toMatchObject(problem(422, 'invalid_request'));
    expect(await ask('GET', '/v1/plans/validate')).toMatchObject(problem(405, 'method_not_allowed'));
  });
});

describe('the command line', () => {
  const baton = (...args: string[]) => runCommand([...args, '--url', api.url]);

  test('saves, lists, shows, removes and validates plans', async () => {
    const file = path.join(scratchFolder(), 'plan.json');
    writeFileSync(file, JSON.stringify(two));
    expect(await baton('plans', 'save', 'cli', '--file', file)).toMatchObject({ code: 0, stdout: 'cli version 1\n' });
    expect((await baton('plans', 'list')).stdout).toMatch(/^cli +1 +1 +2 +\d{4}-/m);
    expect(JSON.parse((await baton('plans', 'show', 'cli', '--version', '1')).stdout)).toEqual(two);
    expect((await baton('plans', 'remove', 'cli')).code).toBe(0);
    expect(await baton('plans', 'show', 'cli')).toMatchObject({ code: 1, stderr: expect.stringContaining('"cli"') });
    const good = await baton('plans', 'validate', file);
    expect(good).toMatchObject({ code: 0, stdout: expect.stringContaining('critical path: a > b') });
    writeFileSync(file, JSON.stringify({ sub_tasks: [] }));
    const bad = await baton('plans', 'validate', file);
    expect(bad).toMatchObject({ code: 2, stdout: expect.stringContaining('plan.sub_tasks') });
  });

  test('draws a run', async () => {
    const { run } = await engine.runToEnd(two);
    expect((await baton('graph', run)).stdout).toMatch(/^flowchart TD\n {2}n0\["a: do a"\]:::completed\n/);
    expect(JSON.parse((await baton('graph', run, '--json')).stdout)).toMatchObject({
      ...{ run_id: run, edges: [{ from: 'a', to: 'b', type: 'depends_on' }] },
    });
    expect((await baton('graph', `r${'0'.repeat(22)}`)).code).toBe(1);
  });
});

import { request as httpRequest } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Problem } from '../../src/contracts/error.ts';
import { RunAccepted, RunView } from '../../src/contracts/run.ts';
import { openTestApi, type TestApi } from '../support/api.ts';
import { planOf } from '../support/plans.ts';
import { playFailure, playPlan, playRun } from '../support/played-run.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';

let redis: TestRedis;
let door: TestApi;

beforeAll(async () => {
  redis = await startTestRedis();
  door = await openTestApi(redis.url);
});

afterAll(async () => {
  await door[Symbol.asyncDispose]();
  await redis.stop();
});

const plan = planOf({ a: {}, b: { after: ['a'] } });

function call(path: string, init: RequestInit = {}): Promise<Response> {
  return fetch(`${door.url}${path}`, init);
}

function post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return call(path, { method: 'POST', body: text, headers: { 'content-type': 'application/json', ...headers } });
}

async function submit(body: unknown = { query: 'hello' }): Promise<string> {
  return RunAccepted.parse(await (await post('/v1/runs', body)).json()).run_id;
}

async function problemOf(response: Response): Promise<Problem> {
  expect(response.headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
  const problem = Problem.parse(await response.json());
  expect(problem.status).toBe(response.status);
  return problem;
}

/** fetch adds Cache-Control: no-cache to a request with If-None-Match, which asks for the whole again. */
function statusFor(path: string, etag: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(`${door.url}${path}`, { headers: { 'if-none-match': etag } }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    request.on('error', reject).end();
  });
}

describe('POST /v1/runs', () => {
  test('accepts a query: 202 with where the run is and when to look', async () => {
    const response = await post('/v1/runs', { query: 'hello', metadata: { tag: 'x' } });
    const { run_id, status, links } = RunAccepted.parse(await response.json());
    expect([response.status, status]).toEqual([202, 'queued']);
    expect(response.headers.get('location')).toBe(`/v1/runs/${run_id}`);
    expect(response.headers.get('retry-after')).toBe('1');
    expect(links).toEqual({
      self: `/v1/runs/${run_id}`,
      events: `/v1/runs/${run_id}/events`,
      cancel: `/v1/runs/${run_id}/cancel`,
    });
    expect(RunView.parse(await (await call(links.self)).json())).toMatchObject({
      query: 'hello',
      metadata: { tag: 'x' },
    });
  });

  test('accepts a ready plan', async () => {
    const run = await submit({ plan });
    expect(await (await call(`/v1/runs/${run}`)).json()).toMatchObject({ plan: { sub_tasks: [{ task_id: 'a' }, {}] } });
  });

  test('one hundred requests with one Idempotency-Key are one run', async () => {
    const send = () => post('/v1/runs', { query: 'once' }, { 'idempotency-key': 'key-1' });
    const responses = await Promise.all(Array.from({ length: 100 }, send));
    const runs = await Promise.all(responses.map(async (response) => RunAccepted.parse(await response.json()).run_id));
    expect(new Set(responses.map(({ status }) => status))).toEqual(new Set([202]));
    expect(new Set(runs).size).toBe(1);
  });

  test('the same key with another body is a conflict', async () => {
    await post('/v1/runs', { query: 'one' }, { 'idempotency-key': 'key-2' });
    const response = await post('/v1/runs', { query: 'two' }, { 'idempotency-key': 'key-2' });
    expect(await problemOf(response)).toMatchObject({ status: 422, code: 'idempotency_conflict' });
  });

  const deep = `{"query":"x","metadata":${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}}`;
  const badPlan = {
    sub_tasks: [{ task_id: 'a', description: 'x', required_capability: 'magic', depends_on: ['a b'] }],
  };
  const cycle = planOf({ a: { after: ['b'] }, b: { after: ['a'] } });
  test.each([
    ['text that is no JSON', '{"query":', 400, 'invalid_json', ''],
    ['an empty object', {}, 422, 'invalid_request', 'expected "query" or "plan"'],
    ['a list', [], 422, 'invalid_request', 'expected object'],
    ['a number', '42', 422, 'invalid_request', 'expected object'],
    ['a query that is no text', { query: 1 }, 422, 'invalid_request', 'query'],
    ['a query of spaces', { query: '  ' }, 422, 'invalid_request', 'query'],
    ['an unknown field', { query: 'x', mode: 'fast' }, 422, 'invalid_request', '"mode"'],
    ['metadata that is no object', { query: 'x', metadata: [] }, 422, 'invalid_request', 'metadata'],
    [
      'metadata that is too large',
      { query: 'x', metadata: { a: 'x'.repeat(16_000) } },
      422,
      'invalid_request',
      'metadata',
    ],
    ['JSON of 10,000 levels', deep, 422, 'invalid_request', 'levels'],
    [
      'a plan with an unknown capability',
      { plan: badPlan },
      422,
      'invalid_plan',
      'plan.sub_tasks[0].required_capability',
    ],
    ['a plan with a malformed dependency', { plan: badPlan }, 422, 'invalid_plan', 'plan.sub_tasks[0].depends_on[0]'],
    ['a plan without tasks', { plan: { sub_tasks: [] } }, 422, 'invalid_plan', 'plan.sub_tasks'],
    ['a plan with a cycle', { plan: cycle }, 422, 'invalid_plan', 'plan.sub_tasks'],
    ['a body above 1 MB', { query: 'x'.repeat(1_000_001) }, 413, 'body_too_large', ''],
    ['a body of 20 MB', { query: 'x'.repeat(20_000_000) }, 413, 'body_too_large', ''],
  ] as const)('refuses %s', async (_what, body, status, code, named) => {
    const problem = await problemOf(await post('/v1/runs', body));
    expect([problem.status, problem.code]).toEqual([status, code]);
    expect(JSON.stringify([problem.detail, problem.errors]).replaceAll('\\"', '"')).toContain(named);
    expect(JSON.stringify(problem)).not.toMatch(/at .*\.[jt]s:\d/);
  });

  test('names every fault of a plan', async () => {
    const { errors } = await problemOf(await post('/v1/runs', { plan: badPlan }));
    expect(errors.map(({ path }) => path)).toEqual([
      'plan.sub_tasks[0].required_capability',
      'plan.sub_tasks[0].depends_on[0]',
    ]);
  });

  test.each([
    ['text/plain', {}],
    ['application/x-www-form-urlencoded', {}],
    ['application/json; charset=latin1', {}],
    ['application/json', { 'content-encoding': 'gzip' }],
  ])('refuses a body of %s', async (type, headers) => {
    const response = await post('/v1/runs', { query: 'x' }, { 'content-type': type, ...headers });
    expect(await problemOf(response)).toMatchObject({ status: 415, code: 'unsupported_media_type' });
  });

  test('refuses a request without a body', async () => {
    const response = await call('/v1/runs', { method: 'POST', headers: { 'content-type': 'application/json' } });
    expect(await problemOf(response)).toMatchObject({ code: 'invalid_request' });
  });

  test('refuses an Idempotency-Key of 256 characters by name', async () => {
    const response = await post('/v1/runs', { query: 'x' }, { 'idempotency-key': 'k'.repeat(256) });
    expect((await problemOf(response)).errors).toEqual([
      { path: 'Idempotency-Key', message: 'expected 1 to 255 characters, came 256' },
    ]);
  });

  test('refuses a form that it cannot send', async () => {
    const response = await post('/v1/runs', { query: 'x' }, { accept: 'text/html' });
    expect(await problemOf(response)).toMatchObject({ status: 406, code: 'not_acceptable' });
    expect(response.headers.get('vary')).toContain('Accept');
  });
});

describe('Prefer: wait', () => {
  test('a run that ends in time is answered whole', async () => {
    const key = { 'idempotency-key': 'prefer-1' };
    const { run_id } = RunAccepted.parse(await (await post('/v1/runs', { query: 'x' }, key)).json());
    const waiting = post('/v1/runs', { query: 'x' }, { ...key, prefer: 'wait=500' });
    await playRun(door.store, run_id, plan);
    const response = await waiting;
    expect(response.status).toBe(200);
    expect(response.headers.get('preference-applied')).toBe('wait=60');
    expect(RunView.parse(await response.json())).toMatchObject({ run_id, status: 'completed', response: 'the answer' });
  });

  test('a run that does not is a 202', async () => {
    const response = await post('/v1/runs', { query: 'x' }, { prefer: 'wait=1' });
    expect(response.status).toBe(202);
    expect(response.headers.get('preference-applied')).toBeNull();
    expect(RunAccepted.parse(await response.json()).status).toBe('queued');
  });
});

describe('GET /v1/runs', () => {
  test('gives pages, newest first, each with the address of the next', async () => {
    const runs = [await submit(), await submit(), await submit()].toReversed();
    const first = await call('/v1/runs?limit=2');
    const page = (await first.json()) as { runs: { run_id: string }[]; next_cursor: string };
    expect(page.runs.map(({ run_id }) => run_id)).toEqual(runs.slice(0, 2));
    const link = /^<(.+)>; rel="next"$/.exec(first.headers.get('link') ?? '')?.[1];
    expect(link).toBe(`/v1/runs?limit=2&cursor=${page.next_cursor}`);
    const second = (await (await call(`${link}`)).json()) as typeof page;
    expect(second.runs[0]?.run_id).toBe(runs[2]);
  });

  test('the last page has no next', async () => {
    const response = await call('/v1/runs?cursor=100000');
    expect(await response.json()).toEqual({ runs: [], next_cursor: null });
    expect(response.headers.get('link')).toBeNull();
  });

  test.each(['limit=0', 'limit=101', 'limit=x', 'limit=1&limit=2', 'cursor=-1', 'cursor=x'])(
    'refuses ?%s',
    async (query) => {
      const problem = await problemOf(await call(`/v1/runs?${query}`));
      expect(problem).toMatchObject({ code: 'invalid_request', errors: [{ path: query.split('=')[0] }] });
    },
  );
});

describe('GET /v1/runs/:id', () => {
  test('shows tasks, results and answer, and 304 while nothing has changed', async () => {
    const run = await submit({ plan });
    const before = await call(`/v1/runs/${run}`);
    const etag = before.headers.get('etag') ?? '';
    expect(etag).toMatch(/^"/);
    expect(await statusFor(`/v1/runs/${run}`, etag)).toBe(304);
    await playRun(door.store, run, plan);
    expect(await statusFor(`/v1/runs/${run}`, etag)).toBe(200);
    const after = await call(`/v1/runs/${run}`);
    expect(RunView.parse(await after.json())).toMatchObject({
      status: 'completed',
      response: 'the answer',
      tasks: [{ task_id: 'a', status: 'completed' }, { task_id: 'b' }],
      results: [{ task_id: 'a', response: 'text of a' }, { task_id: 'b' }],
    });
  });

  test.each([`r${'0'.repeat(22)}`, 'x', '..', '%00', `r${'0'.repeat(23)}`, '__proto__'])(
    'there is no run %s',
    async (id) => {
      const response = await call(`/v1/runs/${encodeURIComponent(id)}`);
      expect(await problemOf(response)).toMatchObject({ status: 404 });
    },
  );
});

describe('POST /v1/runs/:id/cancel', () => {
  test('asks a run to end, and says so', async () => {
    const run = await submit();
    await playPlan(door.store, run, plan);
    const response = await call(`/v1/runs/${run}/cancel`, { method: 'POST' });
    expect(response.status).toBe(202);
    expect(await response.json()).toMatchObject({ run_id: run, status: 'running', links: { self: `/v1/runs/${run}` } });
    expect(await door.store.redis.hget(door.store.keys.run(run).run, 'stop')).toContain('cancelled by request');
  });

  test('twice, or after the end, is harmless', async () => {
    const run = await submit();
    const codes: number[] = [];
    for (let i = 0; i < 2; i += 1) {
      const response = await call(`/v1/runs/${run}/cancel`, { method: 'POST' });
      codes.push(response.status);
      expect(await response.json()).toMatchObject({ run_id: run, status: 'cancelled' });
    }
    expect(codes).toEqual([202, 200]);
    const failed = await submit();
    await playFailure(door.store, failed, { code: 'planning_failed', message: 'no' });
    const late = await call(`/v1/runs/${failed}/cancel`, { method: 'POST' });
    expect([late.status, await late.json()]).toMatchObject([200, { status: 'failed' }]);
  });

  test('a run that is not there cannot be cancelled', async () => {
    const response = await call(`/v1/runs/r${'1'.repeat(22)}/cancel`, { method: 'POST' });
    expect(await problemOf(response)).toMatchObject({ code: 'run_not_found' });
  });
});

describe('every answer', () => {
  test('another method on a known address is a 405 that names the right ones', async () => {
    const response = await call('/v1/runs', { method: 'DELETE' });
    expect(await problemOf(response)).toMatchObject({ status: 405, code: 'method_not_allowed' });
    expect(response.headers.get('allow')).toBe('GET, HEAD, POST');
    const options = await call('/v1/runs', { method: 'OPTIONS' });
    expect([options.status, options.headers.get('allow')]).toEqual([204, 'GET, HEAD, POST']);
  });

  test.each(['/', '/v2/runs', '/v1', '/v1/runs/%E0%A4%A', '/constructor'])('%s is not there', async (path) => {
    const problem = await problemOf(await call(path));
    expect(problem).toMatchObject({ status: 404, code: 'not_found', errors: [] });
  });

  test('echoes a harmless X-Request-Id and replaces another; problems name it', async () => {
    const named = await call('/nowhere', { headers: { 'x-request-id': 'req-7' } });
    expect(named.headers.get('x-request-id')).toBe('req-7');
    expect((await problemOf(named)).instance).toBe('urn:baton:request:req-7');
    const other = await call('/livez', { headers: { 'x-request-id': 'a "b' } });
    expect(other.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  });

  test('has the safe headers, lets no other origin in, and does not say what serves it', async () => {
    const { headers } = await call('/livez', { headers: { origin: 'https://evil.example' } });
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
    expect(headers.get('x-frame-options')).toBe('DENY');
    expect(headers.get('access-control-allow-origin')).toBeNull();
    expect(headers.get('x-powered-by')).toBeNull();
  });

  test('header names and values of a request cannot forge lines of an answer', async () => {
    const status = await new Promise((resolve, reject) => {
      const request = httpRequest(`${door.url}/v1/runs/x%0d%0aset-cookie:%20a=b`, (response) => {
        response.resume();
        resolve([response.statusCode, response.headers['set-cookie']]);
      });
      request.on('error', reject).end();
    });
    expect(status).toEqual([404, undefined]);
  });
});

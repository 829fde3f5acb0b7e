// A Redis whose memory has a bound, and what comes when it is nearly reached.
import { once } from 'node:events';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { limits } from '../../src/contracts/limits.ts';
import { openPressure } from '../../src/journal/pressure.ts';
import { seen } from '../support/agents/scripted.ts';
import { openTestApi, type TestApi } from '../support/api.ts';
import { type Engine, openEngine } from '../support/engine.ts';
import { planOf } from '../support/plans.ts';
import { eventually } from '../support/processes.ts';

const FILLING = 'filling';
/** Bytes that are free before it is filled. */
const ROOM = 40_000_000;

let engine: Engine;
let door: TestApi;

beforeAll(async () => {
  engine = await openEngine();
  door = await openTestApi(engine.redis.url);
});

afterAll(async () => {
  await door[Symbol.asyncDispose]();
  await engine[Symbol.asyncDispose]();
});

const redis = () => engine.opened.store.redis;

async function usedMemory(): Promise<number> {
  return Number(/^used_memory:(\d+)/m.exec(await redis().info('memory'))?.[1]);
}

/** Fills Redis to `share` of a bound that leaves room for all that runs. */
async function fill(share: number): Promise<void> {
  const used = await usedMemory();
  const most = used + ROOM;
  await redis().config('SET', 'maxmemory', most);
  await redis().setrange(FILLING, Math.round(share * most - used), 'x');
}

async function empty(): Promise<void> {
  await redis().del(FILLING);
  await redis().config('SET', 'maxmemory', 0);
}

function post(path: string, content: object = { plan: planOf({ a: {} }) }): Promise<Response> {
  const body = JSON.stringify(content);
  return fetch(`${door.url}${path}`, {
    ...{ method: 'POST', body, headers: { 'content-type': 'application/json' } },
    signal: AbortSignal.timeout(5_000),
  });
}

const refused = (path: string) =>
  eventually(async () => {
    const response = await post(path);
    const text = await response.text();
    return response.status === 503 ? { response, text } : undefined;
  });

const paths = ['/v1/runs', '/orchestrate', '/orchestrate/stream'];

test('a Redis that is nearly full takes no new run, ends what runs, and takes runs again when there is room', async () => {
  const called = once(seen.events, 'call');
  const run = await engine.submit(planOf({ a: { input_data: { hold: true } }, b: { after: ['a'] } }));
  await called;
  await fill(limits.storeFullShare + 0.1);
  for (const path of paths) {
    const { response, text } = await refused(path);
    expect(JSON.parse(text)).toMatchObject({ code: 'store_full', status: 503 });
    expect(JSON.parse(text).detail).toMatch(/^Redis uses 8\d % of its memory, new runs are taken up to 70 %/);
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
  }
  seen.events.emit('release');
  expect((await engine.ended(run)).record).toMatchObject({ status: 'completed' });
  const fork = { from: ['b'] };
  expect((await post(`/v1/runs/${run}/fork`, fork)).status).toBe(503);
  expect((await post(`/v1/runs/${run}/fork?dry_run=1`, fork)).status, 'which begins nothing').toBe(200);

  await redis().del(FILLING);
  await eventually(async () => ((await post('/v1/runs')).status === 202 ? true : undefined));
  await empty();
});

test('a Redis with room, and one without a bound, take runs', async () => {
  await fill(limits.storeFullShare - 0.1);
  expect((await post('/v1/runs')).status).toBe(202);
  await empty();
  expect((await post('/v1/runs')).status).toBe(202);
});

test('what Redis itself refuses for want of memory is told as full too', async () => {
  await fill(0.1);
  await eventually(async () => ((await post('/v1/runs')).status === 202 ? true : undefined)); // known to have room
  await redis().config('SET', 'maxmemory', 1_000_000);
  const { text } = await refused('/v1/runs');
  expect(JSON.parse(text).code).toBe('store_full');
  await empty();
});

test('however many ask how full Redis is, it is asked once', async () => {
  const pressure = openPressure(redis());
  await redis().config('RESETSTAT');
  await Promise.all(Array.from({ length: 100 }, () => pressure.share()));
  expect(await redis().info('commandstats')).toMatch(/^cmdstat_info:calls=1,/m);
});

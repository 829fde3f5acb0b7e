import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { stateLimits } from '../../src/contracts/state.ts';
import { changeState } from '../../src/journal/change-state.ts';
import { openTestApi, type TestApi } from '../support/api.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';
import { createTestRun, endTestRun, eventsOf, openTestStore, type TestStore } from '../support/store.ts';

let redis: TestRedis;
let opened: TestStore;
let door: TestApi;
let run: string;

beforeAll(async () => {
  redis = await startTestRedis();
  opened = openTestStore(redis.url);
  door = await openTestApi(redis.url);
});

afterAll(async () => {
  await door[Symbol.asyncDispose]();
  await opened[Symbol.asyncDispose]();
  await redis.stop();
});

beforeEach(async () => {
  run = await createTestRun(opened.store);
});

const address = () => `${door.url}/v1/runs/${run}/state`;

async function read() {
  const response = await fetch(address());
  return { tag: response.headers.get('etag'), ...((await response.json()) as { version: number; state: object }) };
}

async function patch(changes: readonly object[], headers: Readonly<Record<string, string>> = {}) {
  const body = JSON.stringify({ changes });
  const response = await fetch(address(), {
    method: 'PATCH',
    headers: { 'content-type': 'application/json', ...headers },
    body,
  });
  const answer = (await response.json()) as Record<string, unknown>;
  return { status: response.status, ...answer };
}

const set = (name: string, value: unknown) => ({ op: 'set', name, value });

const refusals = async () =>
  (await eventsOf(opened.store, run)).flatMap((event) => (event.name === 'state.refused' ? [event.detail] : []));

test('values are set, deleted, incremented and appended to, all at once, and each patch is an event', async () => {
  expect(await read()).toMatchObject({ version: 0, state: {}, tag: '"v0"' });
  const changes = [set('plan', { steps: [], big: 2 ** 53 }), { op: 'increment', name: 'hits', by: 2 }];
  expect(await patch([...changes, { op: 'append', name: 'log', items: ['a', { b: [] }] }])).toMatchObject({
    version: 1,
  });
  await patch([
    { op: 'append', name: 'log', items: [1] },
    { op: 'delete', name: 'plan' },
    { op: 'increment', name: 'hits', by: 0.5 },
  ]);
  expect(await read()).toMatchObject({ version: 2, tag: '"v2"', state: { hits: 2.5, log: ['a', { b: [] }, 1] } });
  const said = (await eventsOf(opened.store, run)).flatMap((e) => (e.name === 'state.changed' ? [e.detail] : []));
  expect(said.map(({ version, changes: made }) => [version, made.map(({ op }) => op).join()])).toEqual([
    [1, 'set,increment,append'],
    [2, 'append,delete,increment'],
  ]);
});

test('a patch for another version is refused, and nothing of it happens', async () => {
  await patch([set('a', 1)]);
  expect(await patch([set('a', 2)], { 'If-Match': '"v0"' })).toMatchObject({ status: 412, code: 'state_conflict' });
  expect(await patch([set('a', 3)], { 'If-Match': '"v1"' })).toMatchObject({ status: 200, version: 2 });
  expect((await read()).state).toEqual({ a: 3 });
});

test.each([
  ['several versions, the present one among them', '"v0", "v1"', 200],
  ['any version', '*', 200],
  ['several versions, none of them the present one', '"v0","v2"', 412],
  ['a weak tag', 'W/"v1"', 412],
  ['a tag of something else', '"abc"', 412],
  ['no tag at all', 'v1', 422],
])('If-Match may name %s', async (_what, header, status) => {
  await patch([set('a', 1)]);
  expect((await patch([set('a', 2)], { 'If-Match': header })).status).toBe(status);
  expect((await read()).state).toEqual({ a: status === 200 ? 2 : 1 });
});

test('one faulty change keeps the whole patch out', async () => {
  await patch([set('text', 'x')]);
  for (const faulty of [
    { op: 'increment', name: 'text', by: 1 },
    { op: 'append', name: 'text', items: [1] },
  ]) {
    expect(await patch([set('other', 1), faulty])).toMatchObject({ status: 422, code: 'state_invalid' });
  }
  expect(await read()).toMatchObject({ version: 1, state: { text: 'x' } });
  expect(await refusals()).toEqual([
    { name: 'text', reason: 'no_number' },
    { name: 'text', reason: 'no_list' },
  ]);
});

test.each<[string, object]>([
  ['__proto__', set('__proto__', 1)],
  ['an empty name', set('', 1)],
  ['an unknown way', { op: 'multiply', name: 'a', by: 2 }],
])('%s is refused', async (_what, change) => {
  expect(await patch([change])).toMatchObject({ status: 422, code: 'invalid_request' });
});

test('neither a value nor all of them grow beyond their bounds', async () => {
  const large = 'x'.repeat(stateLimits.valueBytes - 10);
  expect(await patch([set('a', `${large}${large}`)])).toMatchObject({ status: 422, code: 'state_invalid' });
  const fitting = Math.floor(stateLimits.bytes / stateLimits.valueBytes);
  for (let n = 0; n < fitting; n += 1) expect(await patch([set(`v${n}`, large)])).toMatchObject({ status: 200 });
  expect(await patch([set('one-more', large)])).toMatchObject({ status: 422, code: 'state_invalid' });
  for (let n = 0; n < fitting; n += 1) await patch([{ op: 'delete', name: `v${n}` }]);
  expect(await patch([set('one-more', large)])).toMatchObject({ status: 200 });
  expect(await refusals()).toEqual([
    { name: 'a', reason: 'value_too_large' },
    { name: '', reason: 'state_too_large' },
  ]);
});

test('so many values and no more, whether or not a patch was refused before', async () => {
  expect(await patch([set('text', 'x'), { op: 'increment', name: 'text', by: 1 }])).toMatchObject({ status: 422 });
  const names = Array.from({ length: stateLimits.values }, (_, n) => set(`v${n}`, n));
  for (const half of [names.slice(0, 100), names.slice(100)]) expect(await patch(half)).toMatchObject({ status: 200 });
  expect(await patch([set('one-more', 1)])).toMatchObject({ status: 422, code: 'state_invalid' });
  expect(await patch([{ op: 'delete', name: 'v0' }, set('one-more', 1)])).toMatchObject({ status: 200 });
});

test('refusals are told once each, and not without end', async () => {
  const changes = [{ op: 'increment', name: 'text', by: 1 }] as const;
  const faulty = (id: string) => ({ run, id, version: undefined, task: 'root', changes });
  await patch([set('text', 'x')]);
  for (const id of ['abc', 'abc']) await expect(changeState(opened.store, faulty(id))).rejects.toThrow('no number');
  expect(await refusals()).toHaveLength(1);
  await Promise.allSettled(Array.from({ length: 510 }, (_, n) => changeState(opened.store, faulty(`f${n}`))));
  expect(await refusals()).toHaveLength(500);
});

test('fifty writers at once lose nothing', async () => {
  const writers = Array.from({ length: 50 }, async (_, n) => {
    for (const round of [1, 2]) {
      await patch([
        { op: 'increment', name: 'count', by: 1 },
        { op: 'append', name: 'seen', items: [`${n}-${round}`] },
      ]);
    }
  });
  await Promise.all(writers);
  const { state } = (await read()) as unknown as { state: { count: number; seen: string[] } };
  expect([state.count, state.seen.length, new Set(state.seen).size]).toEqual([100, 100, 100]);
});

test('fifty writers at once that compare before they set lose nothing either, and each change is told once', async () => {
  let conflicts = 0;
  const add = async (writer: number): Promise<void> => {
    for (;;) {
      const { tag, state } = (await read()) as { tag: string | null; state: { total?: number; by?: number[] } };
      const changes = [set('total', (state.total ?? 0) + 1), set('by', [...(state.by ?? []), writer])];
      const { status } = await patch(changes, { 'If-Match': tag ?? '' });
      if (status === 200) return;
      expect(status).toBe(412);
      conflicts += 1;
    }
  };
  await Promise.all(Array.from({ length: 50 }, (_, writer) => add(writer)));
  const { version, state } = (await read()) as { version: number; state: { total?: number; by?: number[] } };
  expect([version, state.total, state.by?.toSorted((a, b) => a - b)]).toEqual([50, 50, [...Array(50).keys()]]);
  expect(conflicts).toBeGreaterThan(0);
  const told = (await eventsOf(opened.store, run)).filter(({ name }) => name === 'state.changed');
  expect(told).toHaveLength(50);
});

test('a patch that is sent twice counts once', async () => {
  const twice = {
    run,
    id: 'abc',
    version: undefined,
    task: 'root',
    changes: [{ op: 'increment', name: 'n', by: 1 }],
  } as const;
  expect([await changeState(opened.store, twice), await changeState(opened.store, twice)]).toEqual([1, 1]);
  expect((await read()).state).toEqual({ n: 1 });
});

test('the state of a run that has ended can be read and not changed; without a run there is none', async () => {
  await patch([set('a', 1)]);
  await endTestRun(opened.store, run);
  expect(await patch([set('a', 2)])).toMatchObject({ status: 409, code: 'run_ended' });
  expect((await read()).state).toEqual({ a: 1 });
  run = `r${'0'.repeat(22)}`;
  expect((await fetch(address())).status).toBe(404);
});

import { beforeAll, beforeEach, expect, test } from 'vitest';
import { rootEvent } from '../../src/contracts/root-event.ts';
import { RunOptions } from '../../src/contracts/run-options.ts';
import { commit, release } from '../../src/journal/commit.ts';
import { createRun } from '../../src/journal/create.ts';
import { loadBudget } from '../../src/journal/load-budget.ts';
import { reserve } from '../../src/journal/reserve.ts';
import type { Store } from '../../src/journal/store.ts';
import { newRunId } from '../../src/orchestrator/run-id.ts';
import { eventsOf } from '../support/store.ts';
import { useTestStore } from '../support/use-store.ts';

const opened = useTestStore();
let store: Store;
let run: string;

beforeAll(() => {
  store = opened.store;
});

/** A run that may spend 250 tokens and a dollar. */
beforeEach(async () => {
  run = newRunId();
  const detail = { query: '', planned: false };
  await createRun(store, {
    run,
    query: '',
    plan: undefined,
    metadata: {},
    idempotency: undefined,
    options: RunOptions.parse({ budget: { max_tokens: 250, max_cost: 1 } }),
    event: rootEvent(0, { name: 'run.created', data: '', detail }),
  });
});

const hundred = { tokens: 100, cost: 0.1 };
const setAside = (task: string, call: string, epoch?: number) =>
  reserve(store, { run, task, call, estimate: hundred, ...(epoch === undefined ? {} : { epoch }) });
const paid = (task: string, call: string, spent = hundred) => commit(store, { run, task, call }, spent);
const ledger = () => loadBudget(store, run);
const updates = async () => (await eventsOf(store, run)).filter(({ name }) => name === 'budget.updated').length;

test('sent twice, a reservation is set aside once and a cost is entered once', async () => {
  for (const _ of [1, 2]) expect(await setAside('a', 'a1')).toBe('granted');
  expect(await ledger()).toMatchObject({ spent: { tokens: 0 }, reserved: { tokens: 100, cost: 0.1 } });
  for (const _ of [1, 2]) await paid('a', 'a1', { tokens: 80, cost: 0.07 });
  expect(await ledger()).toMatchObject({ spent: { tokens: 80, cost: 0.07 }, reserved: { tokens: 0, cost: 0 } });
  expect(await updates()).toBe(1);
  for (const _ of [1, 2]) await release(store, { run, task: 'a', call: 'a1' });
  expect(await ledger()).toMatchObject({ spent: { tokens: 80, cost: 0.07 } });
});

test('what does not fit waits for what is set aside, and gets it when that is given back', async () => {
  expect([await setAside('a', 'a1'), await setAside('b', 'b1'), await setAside('c', 'c1')]).toEqual([
    'granted',
    'granted',
    'wait',
  ]);
  for (const _ of [1, 2]) await release(store, { run, task: 'a', call: 'a1' });
  expect(await setAside('c', 'c1')).toBe('granted');
  expect(await setAside('a', 'a2')).toBe('wait');
  expect(await updates()).toBe(0);
});

test('the last call may go over the budget; after it nothing is granted', async () => {
  await setAside('a', 'a1');
  await paid('a', 'a1', { tokens: 200, cost: 0 });
  expect([await setAside('b', 'b1'), await setAside('c', 'c1')]).toEqual(['granted', 'wait']);
  await paid('b', 'b1');
  expect(await setAside('c', 'c1')).toBe('exhausted');
  expect((await ledger())?.spent.tokens).toBe(300);
});

test('each bound holds by itself', async () => {
  await setAside('a', 'a1');
  await paid('a', 'a1', { tokens: 1, cost: 1 });
  expect(await setAside('b', 'b1')).toBe('exhausted');
});

test('what a dead worker has set aside is replaced by the next attempt, and dropped when its task has a result', async () => {
  await setAside('a', 'dead');
  await setAside('b', 'b1');
  expect(await setAside('a', 'a2')).toBe('granted');
  expect((await ledger())?.reserved.tokens).toBe(200);
  await store.redis.hset(store.keys.run(run).results, 'b', '{}');
  expect(await setAside('c', 'c1')).toBe('granted');
  expect((await ledger())?.reserved.tokens).toBe(200);
});

test('a call whose reservation was replaced was paid all the same: entered once, and the newer one stays', async () => {
  await setAside('a', 'slow');
  await setAside('a', 'a2');
  for (const _ of [1, 2]) await paid('a', 'slow');
  expect(await ledger()).toMatchObject({ spent: { tokens: 100 }, reserved: { tokens: 100 } });
  await paid('a', 'a2');
  await paid('a', 'slow');
  expect(await ledger()).toMatchObject({ spent: { tokens: 200 }, reserved: { tokens: 0 } });
});

test('an attempt that owns its task no more gets nothing, and takes nothing from the one that does', async () => {
  await store.redis.hset(store.keys.run(run).tasks, 'root:epoch', 2);
  expect(await setAside('root', 'new', 2)).toBe('granted');
  expect(await setAside('root', 'old', 1)).toBe('stale');
  expect((await ledger())?.reserved.tokens).toBe(100);
});

test.each(['stop', 'terminal'])('a run with %s needs no money: its next claim says why', async (field) => {
  await store.redis.hset(store.keys.run(run).run, field, '{}');
  expect(await setAside('a', 'a1')).toBe('free');
  expect((await ledger())?.reserved.tokens).toBe(0);
});

test('what comes after the end is entered without an event, and a run that was removed gets no keys again', async () => {
  await setAside('a', 'a1');
  await store.redis.hset(store.keys.run(run).run, 'terminal', 'root 1');
  await paid('a', 'a1');
  expect((await ledger())?.spent.tokens).toBe(100);
  expect(await updates()).toBe(0);
  const { run: record, tasks, results, events, budget } = store.keys.run(run);
  await store.redis.del(record, tasks, results, events, budget);
  await paid('b', 'b1');
  expect(await setAside('b', 'b2')).toBe('free');
  expect(await store.redis.exists(record, tasks, results, events, budget)).toBe(0);
});

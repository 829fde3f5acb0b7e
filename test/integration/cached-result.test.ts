import { beforeAll, beforeEach, expect, test } from 'vitest';
import { defaults, limits } from '../../src/contracts/limits.ts';
import type { CachedResult } from '../../src/contracts/result.ts';
import { loadCached, saveCached } from '../../src/journal/cached-result.ts';
import type { Store } from '../../src/journal/store.ts';
import { useTestStore } from '../support/use-store.ts';

const opened = useTestStore();
let store: Store;

beforeAll(() => {
  store = opened.store;
});

beforeEach(async () => {
  await store.redis.flushall();
});

const NOW = 1_800_000_000_000;
const resultAt = (at: number, response = 'text'): CachedResult => ({
  run: 'r1',
  task: 'a',
  at,
  response,
  confidence: null,
});
const bytes = async () => Number(await store.redis.get(store.keys.cachedBytes));

test('a result is found by its digest, and not when it is too old', async () => {
  await saveCached(store, 'd1', resultAt(NOW));
  expect(await loadCached(store, 'd1', NOW + defaults.cacheTtlMs)).toEqual(resultAt(NOW));
  expect(await loadCached(store, 'd1', NOW + defaults.cacheTtlMs + 1)).toBeUndefined();
  expect(await loadCached(store, 'd2', NOW)).toBeUndefined();
});

test('sent twice, or replaced, a result counts once', async () => {
  for (const _ of [1, 2]) await saveCached(store, 'd1', resultAt(NOW));
  expect(await bytes()).toBe(JSON.stringify(resultAt(NOW)).length);
  await saveCached(store, 'd1', resultAt(NOW, 'another text'));
  expect(await bytes()).toBe(JSON.stringify(resultAt(NOW, 'another text')).length);
});

test('what is too old leaves when something new comes', async () => {
  await saveCached(store, 'old', resultAt(NOW));
  await saveCached(store, 'new', resultAt(NOW + defaults.cacheTtlMs + 1));
  expect(await store.redis.hkeys(store.keys.cachedResults)).toEqual(['new']);
  expect(await store.redis.zrange(store.keys.cachedAges, 0, '-1')).toEqual(['new']);
});

test('all together stay below their bound: the oldest leave', async () => {
  const text = 'x'.repeat(limits.cachedResultBytes - 200);
  const count = Math.ceil(limits.cacheBytes / text.length) + 3;
  for (let n = 0; n < count; n += 1) await saveCached(store, `d${n}`, resultAt(NOW + n, text));
  expect(await bytes()).toBeLessThanOrEqual(limits.cacheBytes);
  expect(await bytes()).toBeGreaterThan(0.9 * limits.cacheBytes);
  expect(await loadCached(store, 'd0', NOW)).toBeUndefined();
  expect(await loadCached(store, `d${count - 1}`, NOW)).toBeDefined();
});

test('one that is too large is not kept', async () => {
  await saveCached(store, 'd1', resultAt(NOW, 'x'.repeat(limits.cachedResultBytes)));
  expect(await store.redis.exists(store.keys.cachedResults)).toBe(0);
});

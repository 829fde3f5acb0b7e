import { afterAll, beforeAll, expect, test } from 'vitest';
import { checkCrashPoints, operations, type Place } from '../suites/crash-points.ts';
import { startTestRedis } from '../support/redis.ts';
import { openTestStore } from '../support/store.ts';

let place: Place;

beforeAll(async () => {
  const redis = await startTestRedis();
  place = { redis, opened: openTestStore(redis.url) };
});

afterAll(async () => {
  await place.opened[Symbol.asyncDispose]();
  await place.redis.stop();
});

test.each(Object.entries(operations))('%s: every place at which its process may die', async (name, operation) => {
  const { points, tried } = await checkCrashPoints(place, operation, () => true);
  console.log(`${name}: ${tried}/${points} places`);
  expect(tried).toBe(points);
});

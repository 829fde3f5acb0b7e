import { afterAll, beforeAll, expect, test } from 'vitest';
import { checkCrashPoints, checkRealKills, operations, type Place } from '../suites/crash-points.ts';
import { startTestRedis } from '../support/redis.ts';
import { seededRandom, seedOfTest } from '../support/seeded-random.ts';
import { openTestStore } from '../support/store.ts';

/** Of real kills; and about how many commands a whole run is for its worker. */
const KILLS = 20;
const COMMANDS = 140;
const seed = seedOfTest();
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

test(`a worker that is killed for real, at a sample of the places (SEED=${seed})`, async () => {
  const random = seededRandom(seed);
  const points = Array.from({ length: KILLS }, () => 1 + Math.floor(random() * COMMANDS));
  const killed = await checkRealKills(place, points);
  console.log(`SIGKILL after command ${points.join(', ')}: ${killed} of ${KILLS} died, nothing stuck, lost or doubled`);
  expect(killed).toBeGreaterThan(KILLS / 2);
});

import { expect, test } from 'vitest';
import { useCrashPlace } from '../suites/crash-lanes.ts';
import { checkCrashPoints, checkRealKills, operations } from '../suites/crash-points.ts';
import { seededRandom, seedOfTest } from '../support/seeded-random.ts';

/** Of real kills; and about how many commands a whole run is for its worker. */
const KILLS = 20;
const COMMANDS = 140;
const seed = seedOfTest();
const place = useCrashPlace();

test.each(Object.entries(operations))('%s: every place at which its process may die', async (name, operation) => {
  const { points, tried } = await checkCrashPoints(place(), operation, () => true);
  console.log(`${name}: ${tried}/${points} places`);
  expect(tried).toBe(points);
});

test(`a worker that is killed for real, at a sample of the places (SEED=${seed})`, async () => {
  const random = seededRandom(seed);
  const points = Array.from({ length: KILLS }, () => 1 + Math.floor(random() * COMMANDS));
  const killed = await checkRealKills(place(), points);
  console.log(`SIGKILL after command ${points.join(', ')}: ${killed} of ${KILLS} died, nothing stuck, lost or doubled`);
  expect(killed).toBeGreaterThan(KILLS / 2);
});

import { expect, test } from 'vitest';
import { useCrashPlace } from '../suites/crash-lanes.ts';
import { checkCrashPoints, operations } from '../suites/crash-points.ts';
import { seedOfTest } from '../support/seeded-random.ts';

/** One place in so many, and the first; other ones each time. All of them: `npm run test:long`. */
const ONE_IN = 10;
const seed = seedOfTest();
const place = useCrashPlace();

test.each(Object.entries(operations))(
  '%s: wherever its process dies, nothing is stuck, lost or doubled',
  async (name, operation) => {
    const coverage = await checkCrashPoints(
      place(),
      operation,
      (point) => point === 1 || (point + seed) % ONE_IN === 0,
    );
    console.log(`${name}: ${coverage.tried} of ${coverage.points} places, SEED=${seed}`);
    expect(coverage.tried).toBeGreaterThan(0);
  },
  120_000,
);

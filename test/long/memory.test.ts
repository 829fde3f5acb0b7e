import { expect, test } from 'vitest';
import { takeMemoryDose } from '../support/memory-dose.ts';

const RUNS = 10_000;
/** After as many, the queues' own event streams have reached their bound. */
const WARM_UP = 1_500;
const TEST_MS = 900_000;

test(
  `${RUNS} runs that have left leave Redis as it was: every key, and its memory within 2 %`,
  async () => {
    const { before, full, after, removedPerSecond } = await takeMemoryDose({
      runs: RUNS,
      warmUp: WARM_UP,
      atRest: true,
    });
    const perRun = Math.round((full.bytes - before.bytes) / RUNS);
    process.stdout.write(
      `memory: ${before.bytes} bytes before, ${full.bytes} with ${RUNS} runs (${perRun} each), ${after.bytes} after; ` +
        `${Math.round(removedPerSecond)} runs removed per second\n`,
    );
    expect(after.runKeys).toBe(0);
    expect(after.keys).toBe(before.keys);
    expect(after.bytes).toBeLessThan(1.02 * before.bytes);
  },
  TEST_MS,
);

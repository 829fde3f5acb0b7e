import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { plainOptions } from '../../src/contracts/run-options.ts';
import { submitRun } from '../../src/orchestrator/submit-run.ts';
import { viewRun } from '../../src/orchestrator/view-run.ts';
import { SAMPLE_MS, samplePlaces, useCrashPlace } from '../suites/crash-lanes.ts';
import { checkCrashPoints, type Place } from '../suites/crash-points.ts';
import { calls, mixed } from '../support/agents/flows.ts';
import type { Crash } from '../support/crashing.ts';
import { seedOfTest } from '../support/seeded-random.ts';
import { eventsOfEndedRun } from '../support/store.ts';
import { startTestWorker } from '../support/worker.ts';

/** One place in so many, other ones each time; all of them: EVERY_PLACE=1. */
const ONE_IN = 20;
const END_MS = 30_000;
const agents = [fileURLToPath(new URL('../support/agents/flows.ts', import.meta.url))];
const seed = seedOfTest();
const place = useCrashPlace();

async function programmed({ opened }: Place) {
  const { run } = await submitRun(opened.flow, { plan: await mixed.plan(), metadata: {}, options: plainOptions });
  return {
    name: 'program',
    agents,
    run: async (_place: Place, crash: Crash) => {
      const worker = await startTestWorker({ redisUrl: crash.url, concurrency: 2, agents });
      await eventsOfEndedRun(opened, run, END_MS);
      if (!crash.hasDied()) await worker[Symbol.asyncDispose]();
    },
    check: () => checkProgram(opened, run),
  };
}

async function checkProgram(opened: Place['opened'], run: string): Promise<void> {
  const events = await eventsOfEndedRun(opened, run, END_MS);
  const view = await viewRun(opened.store, run);
  expect(view).toMatchObject({ status: 'completed', response: 'a, b, c: d after a, instead' });
  const ends = events.filter(({ name }) => ['task.completed', 'task.failed', 'task.skipped'].includes(name));
  expect(new Set(ends.map(({ task_id }) => task_id)).size).toBe(ends.length);
  // Only the calls that the process died over are made again: never one whose answer was recorded.
  const called = calls.filter((key) => key.startsWith(run));
  expect(new Set(called).size).toBe(6);
  expect(called.length).toBeLessThanOrEqual(6 + 2);
}

test(
  'wherever its process dies, a program goes on: no step that was recorded is called again',
  async () => {
    const coverage = await checkCrashPoints(place(), programmed, samplePlaces(ONE_IN, seed));
    console.log(`program: ${coverage.tried} of ${coverage.points} places, SEED=${seed}`);
    expect(coverage.tried).toBeGreaterThan(0);
  },
  SAMPLE_MS,
);

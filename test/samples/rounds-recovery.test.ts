import { expect, test } from 'vitest';
import { plainOptions } from '../../src/contracts/run-options.ts';
import { submitRun } from '../../src/orchestrator/submit-run.ts';
import { SAMPLE_MS, samplePlaces, useCrashPlace } from '../suites/crash-lanes.ts';
import { checkCrashPoints, type Place } from '../suites/crash-points.ts';
import { seen } from '../support/agents/scripted.ts';
import type { Crash } from '../support/crashing.ts';
import { planOf } from '../support/plans.ts';
import { seedOfTest } from '../support/seeded-random.ts';
import { eventsOfEndedRun } from '../support/store.ts';
import { startTestWorker } from '../support/worker.ts';

/** One place in so many, other ones each time; all of them: EVERY_PLACE=1. */
const ONE_IN = 16;
const END_MS = 30_000;
const seed = seedOfTest();
const place = useCrashPlace();

const words = (verdict: object) => ({ words: [JSON.stringify(verdict)] });
const bad = { acceptable: false, score: 0.2, feedback: 'more' };

/** What each comes to, once, wherever a process dies: its tasks, and what its own task says. */
const patterns = {
  review: {
    plan: planOf({
      w: { capability: 'search' },
      r: { ...{ after: ['w'], kind: 'review', review: { max_revisions: 1 } }, input_data: words(bad) },
    }),
    tasks: ['w', 'r.0', 'r.1', 'r.2', 'r'],
    says: ['review.scored needs_revision', 'review.scored escalated'],
  },
  vote: {
    plan: planOf({
      v: {
        kind: 'vote',
        capability: 'search',
        consensus: { agents: 2, mode: 'judge' },
        input_data: words({ choice: 1 }),
      },
    }),
    tasks: ['v.0', 'v.1', 'v.2', 'v'],
    says: ['vote.cast', 'vote.cast', 'vote.decided'],
  },
} as const;

test.each(['review', 'vote'] as const)(
  'wherever its process dies, a %s goes on: nothing recorded is done again, and each round is told once',
  async (name) => {
    const { plan, tasks, says } = patterns[name];
    const begin = async ({ opened }: Place) => {
      const { run } = await submitRun(opened.flow, { plan, metadata: {}, options: plainOptions });
      return {
        name,
        run: async (_place: Place, crash: Crash) => {
          const worker = await startTestWorker({ redisUrl: crash.url, concurrency: 1 });
          await eventsOfEndedRun(opened, run, END_MS);
          if (!crash.hasDied()) await worker[Symbol.asyncDispose]();
        },
        check: async () => {
          const events = await eventsOfEndedRun(opened, run, END_MS);
          const completed = events.flatMap((event) => (event.name === 'task.completed' ? [event.task_id] : []));
          expect(completed.filter((id) => id !== 'root').toSorted()).toEqual(tasks.toSorted());
          const told = events.flatMap((event) => {
            if (event.name === 'review.scored') return [`${event.name} ${event.detail.outcome}`];
            return event.name.startsWith('vote.') ? [event.name] : [];
          });
          expect(told).toEqual(says);
          // Only the call that the process died over is made again.
          expect(seen.calls.filter(({ key }) => key.startsWith(run)).length).toBeLessThanOrEqual(tasks.length);
        },
      };
    };
    const coverage = await checkCrashPoints(place(), begin, samplePlaces(ONE_IN, seed));
    console.log(`${name}: ${coverage.tried} of ${coverage.points} places, SEED=${seed}`);
    expect(coverage.tried).toBeGreaterThan(0);
  },
  SAMPLE_MS,
);

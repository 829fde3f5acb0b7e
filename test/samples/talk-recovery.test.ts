import { expect, test } from 'vitest';
import { plainOptions } from '../../src/contracts/run-options.ts';
import { loadInbox } from '../../src/journal/messages.ts';
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
const ONE_IN = 12;
const TURNS = 4;
const END_MS = 30_000;
const seed = seedOfTest();
const place = useCrashPlace();

const speakers = ['custom-1', 'search-1'];
const plan = planOf({ t: { kind: 'talk', talk: { agents: speakers, max_turns: TURNS } } });

async function talking({ opened }: Place) {
  const { run } = await submitRun(opened.flow, { plan, metadata: {}, options: plainOptions });
  return {
    name: 'talk',
    run: async (_place: Place, crash: Crash) => {
      const worker = await startTestWorker({ redisUrl: crash.url, concurrency: 1 });
      await eventsOfEndedRun(opened, run, END_MS);
      if (!crash.hasDied()) await worker[Symbol.asyncDispose]();
    },
    check: () => checkTalk(opened, run),
  };
}

async function checkTalk(opened: Place['opened'], run: string): Promise<void> {
  const events = await eventsOfEndedRun(opened, run, END_MS);
  const turns = Array.from({ length: TURNS }, (_, n) => `t.${n}`);
  const completed = events.filter(({ name }) => name === 'task.completed').map(({ task_id }) => task_id);
  expect(completed.filter((id) => id !== 'root')).toEqual([...turns, 't']);
  expect(events.filter(({ name }) => name === 'talk.ended')).toHaveLength(1);
  // Only the call that the process died over is made again: never one whose answer was recorded.
  const calls = seen.calls.filter(({ key }) => key.startsWith(run)).map(({ task }) => task);
  expect(new Set(calls)).toEqual(new Set(turns));
  expect(calls.length).toBeLessThanOrEqual(TURNS + 1);
  const inboxes = await Promise.all(speakers.map((agent) => loadInbox(opened.store, { run, agent, after: '0-0' })));
  const said = inboxes.flat().map(({ message_id }) => message_id);
  expect(said.toSorted()).toEqual(turns.map((turn) => `talk:${turn}`));
}

test(
  'wherever its process dies, a talk goes on: no turn that was recorded is paid again, none is told twice',
  async () => {
    const coverage = await checkCrashPoints(place(), talking, samplePlaces(ONE_IN, seed));
    console.log(`talk: ${coverage.tried} of ${coverage.points} places, SEED=${seed}`);
    expect(coverage.tried).toBeGreaterThan(0);
  },
  SAMPLE_MS,
);

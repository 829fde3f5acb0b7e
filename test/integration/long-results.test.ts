// Runs whose results are longer than a process may want to hold: their texts are read only where they are used, and no more of them.
import { expect, test } from 'vitest';
import { limits } from '../../src/contracts/limits.ts';
import type { Stop } from '../../src/contracts/run.ts';
import { requestStop } from '../../src/flow/stop.ts';
import { loadRecord } from '../../src/journal/load-run.ts';
import { untilOutputIsFull } from '../../src/journal/measure-results.ts';
import { toEnvelope } from '../../src/journal/result-codec.ts';
import { closeStopped } from '../../src/orchestrator/close-stopped.ts';
import { viewGraph } from '../../src/orchestrator/view-graph.ts';
import { planOf } from '../support/plans.ts';
import { playPlan, resultOf } from '../support/played-run.ts';
import { createTestRun } from '../support/store.ts';
import { useTestStore } from '../support/use-store.ts';

const opened = useTestStore();

const plan = planOf({ a: {}, b: {}, c: {}, d: {}, e: {} });
/** Of three bytes each: half of what an answer may hold. */
const long = (letter: string) => letter.repeat(limits.outputChars / 2);
const texts = { a: long('語'), b: 'short', c: long('文'), d: long('字') };

/** A run of which all but e has completed. */
async function longRun(): Promise<string> {
  const { store } = opened;
  const run = await createTestRun(store, plan);
  await playPlan(store, run, plan);
  const names = store.keys.run(run);
  for (const [task, response] of Object.entries(texts)) {
    const { envelope, text } = toEnvelope(resultOf(task, { response, attempts: 1, fails: false }));
    await store.redis.hset(names.results, task, JSON.stringify(envelope));
    if (text !== null) await store.redis.set(names.text(task), text);
  }
  return run;
}

/** Commands that read texts, sent while `work` was done. */
async function readsOf(work: () => Promise<unknown>): Promise<number> {
  const admin = opened.connect();
  await admin.config('RESETSTAT');
  await work();
  const stats = await admin.info('commandstats');
  return Number(/^cmdstat_mget:calls=(\d+)/m.exec(stats)?.[1] ?? 0);
}

async function stopped(as: Stop['as']): Promise<string> {
  const run = await longRun();
  await requestStop(opened.store, run, { as, code: 'run_deadline', message: 'time is up' });
  return run;
}

test('what a run delivered by its deadline is its answer, in the order of its plan and cut where an answer ends', async () => {
  const run = await stopped('partial');
  expect(await untilOutputIsFull(opened.store, run, ['a', 'b', 'c', 'd'])).toEqual(['a', 'b', 'c', 'd']);
  await closeStopped(opened.store, run);
  const record = await loadRecord(opened.store, run);
  expect(record?.response === [texts.a, texts.b, texts.c].join('\n\n').slice(0, limits.outputChars)).toBe(true);
  expect(record).toMatchObject({ status: 'completed', partial: '1', warnings: ['time is up', 'e did not end'] });
});

test('texts behind those that fill an answer are not read', async () => {
  const run = await longRun();
  const { redis: client, keys } = opened.store;
  await client.set(keys.run(run).text('a'), 'x'.repeat(3 * limits.outputChars + 1));
  expect(await untilOutputIsFull(opened.store, run, ['b', 'a', 'c', 'd'])).toEqual(['b', 'a']);
});

test.each(['cancelled', 'failed'] as const)('no text is read to end a run as %s', async (as) => {
  const run = await stopped(as);
  expect(await readsOf(() => closeStopped(opened.store, run))).toBe(0);
  expect(await loadRecord(opened.store, run)).toMatchObject({ status: as });
});

test('no text is read for the graph of a run', async () => {
  const run = await longRun();
  const reads = await readsOf(async () => {
    const states = (await viewGraph(opened.store, run))?.nodes.map(({ status }) => status);
    expect(states).toEqual(['completed', 'completed', 'completed', 'completed', 'pending']);
  });
  expect(reads).toBe(0);
});

// The end of a run's time, whatever it is doing then. The reconciler looks too seldom here to be what ends them.
import { once } from 'node:events';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { jobIds } from '../../src/contracts/job.ts';
import { RunOptions } from '../../src/contracts/run-options.ts';
import { pauseRun } from '../../src/orchestrator/pause-run.ts';
import { submitRun } from '../../src/orchestrator/submit-run.ts';
import { viewRun } from '../../src/orchestrator/view-run.ts';
import { seen } from '../support/agents/scripted.ts';
import { type Engine, openEngine } from '../support/engine.ts';
import { planOf } from '../support/plans.ts';
import { eventually } from '../support/processes.ts';
import { openScriptedModel, type ScriptedModel, silence } from '../support/scripted-model.ts';

const DEADLINE_MS = 500;
/** What aborting and closing may take. */
const END_MS = 2_000;

let engine: Engine;
let model: ScriptedModel;

beforeAll(async () => {
  model = await openScriptedModel([silence], { timeoutMs: 60_000 });
  engine = await openEngine({ env: { ...model.env, BATON_RECONCILE_MS: '600000' } });
});

afterAll(async () => {
  await engine[Symbol.asyncDispose]();
  await model[Symbol.asyncDispose]();
});

const deadline = { deadline_ms: DEADLINE_MS };

async function endedInTime(run: string) {
  const ran = await engine.ended(run);
  const { created_at, ended_at = Number.POSITIVE_INFINITY } = ran.record;
  expect(ended_at - created_at).toBeGreaterThanOrEqual(DEADLINE_MS);
  expect(ended_at - created_at).toBeLessThan(DEADLINE_MS + END_MS);
  return ran;
}

const partial = { status: 'completed', partial: '1', response: 'a done' };
const failed = { status: 'failed', error: { code: 'run_deadline' } };

test('tasks that run are ended: what others delivered is the answer', async () => {
  const run = await engine.submit(planOf({ a: {}, b: { input_data: { hang: true } } }), deadline);
  const { record, results } = await endedInTime(run);
  expect(record).toMatchObject(partial);
  expect(record.warnings).toEqual([
    'The run reached its deadline: this is what was done by then.',
    expect.stringMatching(/^b (did not end|skipped: )/),
  ]);
  expect(results.get('a')?.status).toBe('completed');
});

test('a run of which nothing is done fails', async () => {
  const run = await engine.submit(planOf({ b: { input_data: { hang: true } } }), deadline);
  expect((await endedInTime(run)).record).toMatchObject(failed);
});

test('a plan that takes too long fails the run', async () => {
  const { run } = await submitRun(engine.opened.flow, {
    ...{ query: 'the query', metadata: {}, options: RunOptions.parse(deadline) },
  });
  await model.next();
  expect((await endedInTime(run)).record).toMatchObject(failed);
});

test('nobody needs to decide any more', async () => {
  const run = await engine.submit(planOf({ a: {}, b: { after: ['a'], approval: {} } }), deadline);
  await eventually(async () => ((await viewRun(engine.opened.store, run))?.status === 'waiting' ? true : undefined));
  const { record, results } = await endedInTime(run);
  expect(record).toMatchObject(partial);
  expect(results.get('b')?.status ?? 'skipped').toBe('skipped');
});

test('a paused run ends too', async () => {
  const called = once(seen.events, 'call');
  const run = await engine.submit(planOf({ a: { input_data: { hold: true } }, b: { after: ['a'] } }), deadline);
  await called;
  await pauseRun(engine.opened.flow, run);
  seen.events.emit('release');
  expect((await endedInTime(run)).record).toMatchObject(partial);
  expect(seen.calls.map(({ key }) => key)).not.toContain(`${run}.b`);
});

test('an answer that is not written by then is what the tasks delivered', async () => {
  const run = await engine.submit(planOf({ a: {} }), deadline);
  await engine.eventOf(run, ({ name, data }) => name === 'run.phase' && data.startsWith('Entering synthesis'));
  expect((await endedInTime(run)).record).toMatchObject(partial);
});

test('a run that ends before its deadline ends as it would without', async () => {
  const run = await engine.submit(planOf({ a: { input_data: { fail: true }, retries: 0 } }), { deadline_ms: 60_000 });
  expect((await engine.ended(run)).record).toMatchObject({ status: 'failed', error: { code: 'run_failed' } });
  expect(await engine.opened.flow.queue('housekeeping').getJobState(jobIds.deadline(run))).toBe('delayed');
});

import { once } from 'node:events';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { jobIds, ORCHESTRATOR_QUEUE, ROOT_QUEUE } from '../../src/contracts/job.ts';
import { plainOptions } from '../../src/contracts/run-options.ts';
import { inspectRun } from '../../src/orchestrator/reconcile/inspect-run.ts';
import { mend } from '../../src/orchestrator/reconcile/mend.ts';
import { openSweeper } from '../../src/orchestrator/reconcile/reconcile.ts';
import { submitRun } from '../../src/orchestrator/submit-run.ts';
import { seen } from '../support/agents/scripted.ts';
import { type Engine, openEngine } from '../support/engine.ts';
import { planOf } from '../support/plans.ts';
import { eventually } from '../support/processes.ts';
import { createTestRun } from '../support/store.ts';
import { startTestWorker } from '../support/worker.ts';

const PERIOD_MS = 200;
let engine: Engine;

beforeAll(async () => {
  engine = await openEngine({ env: { BATON_RECONCILE_MS: `${PERIOD_MS}` } });
});

afterAll(() => engine[Symbol.asyncDispose]());

const callsOf = (run: string, task: string) => seen.calls.filter(({ key }) => key === `${run}.${task}`);
const queue = (name: string) => engine.opened.flow.queue(name);
const remove = (name: string, id: string) => queue(name).remove(id, { removeChildren: false });
/** A run whose first task is held by its agent. */
async function heldRun(plan: Parameters<Engine['submit']>[0], options?: Parameters<Engine['submit']>[1]) {
  const called = once(seen.events, 'call');
  const run = await engine.submit(plan, options);
  await called;
  return run;
}
const held = { input_data: { hold: true } };

test('a run that was accepted and never queued is planned', async () => {
  const run = await createTestRun(engine.opened.store, planOf({ a: {} }));
  const { record } = await engine.ended(run);
  expect(record.status).toBe('completed');
});

test('a run whose flow was never added, or in part only, gets what is missing', async () => {
  const run = await heldRun(planOf({ a: held, b: { after: ['a'] }, c: { after: ['a'] } }));
  const { redis, keys } = engine.opened.store;
  await redis.hdel(keys.run(run).run, 'submitted'); // as if the submit had died half-way
  await remove('cap-custom', `${run}.2`);
  await eventually(async () => ((await queue('cap-custom').getJobState(`${run}.2`)) === 'unknown' ? undefined : true));
  seen.events.emit('release');
  const { results } = await engine.ended(run);
  expect([...results.values()].map(({ status }) => status)).toEqual(['completed', 'completed', 'completed']);
  expect(callsOf(run, 'a')).toHaveLength(1);
});

test('a job that somebody removed is a failed task with the reason; its dependents decide, and the run ends', async () => {
  const run = await heldRun(
    planOf({
      a: held,
      b: { after: ['a'] },
      c: { after: ['b'] },
      d: { after: ['b'], on_dependency_failure: 'partial' },
    }),
  );
  await remove('cap-custom', `${run}.1`);
  await eventually(async () =>
    (await engine.opened.store.redis.hexists(engine.opened.store.keys.run(run).results, 'b')) === 1 ? true : undefined,
  );
  seen.events.emit('release');
  const { results, record } = await engine.ended(run);
  expect(results.get('b')).toMatchObject({ status: 'failed', error: { code: 'job_lost' } });
  expect(results.get('c')?.status).toBe('skipped');
  expect(results.get('d')?.status).toBe('completed');
  expect(record).toMatchObject({ status: 'completed', partial: '1' });
});

test('an edge that is still there although its task has settled goes', async () => {
  const run = await heldRun(planOf({ a: held, b: { after: ['a'] } }));
  const { redis, keys } = engine.opened.store;
  await redis.sadd(`${keys.job('cap-custom', `${run}.1`)}:dependencies`, keys.job('cap-custom', `${run}.x`));
  seen.events.emit('release');
  await eventually(async () =>
    (await queue('cap-custom').getJobState(`${run}.0`)) === 'completed' ? true : undefined,
  );
  // What settle and BullMQ both missed, as after a lost write: the edge of `a` itself.
  await redis.sadd(`${keys.job('cap-custom', `${run}.1`)}:dependencies`, keys.job('cap-custom', `${run}.0`));
  await redis.srem(`${keys.job('cap-custom', `${run}.1`)}:dependencies`, keys.job('cap-custom', `${run}.x`));
  const { results } = await engine.ended(run);
  expect(results.get('b')?.status).toBe('completed');
  expect(callsOf(run, 'a')).toHaveLength(1);
});

test('a task that waits for nothing any more is released', async () => {
  const run = await heldRun(planOf({ a: held, b: { after: ['a'] } }));
  const { redis, keys } = engine.opened.store;
  await redis.del(`${keys.job('cap-custom', `${run}.1`)}:dependencies`);
  const early = await engine.eventOf(run, ({ name, task_id }) => name === 'task.skipped' && task_id === 'b');
  expect(early.data, 'it compares with its plan: one input is not there').toContain('a has no result');
  seen.events.emit('release');
  await engine.ended(run);
});

test('a root that is gone is added again', async () => {
  const run = await heldRun(planOf({ a: held }));
  await remove(ROOT_QUEUE, jobIds.root(run));
  seen.events.emit('release');
  const { record } = await engine.ended(run);
  expect(record.status).toBe('completed');
});

test('a run that was told to stop is closed although its close job is gone', async () => {
  const run = await heldRun(planOf({ a: { input_data: { hold: true, deaf: true } } }));
  const { redis, keys } = engine.opened.store;
  await redis.hset(keys.run(run).run, 'cancel', JSON.stringify({ as: 'cancelled', code: 'cancelled', message: 'why' }));
  const { record } = await engine.ended(run);
  seen.events.emit('release');
  expect(record).toMatchObject({ status: 'cancelled' });
});

test('a join whose timer is gone goes on all the same', async () => {
  const run = await heldRun(planOf({ a: held, b: {}, j: { after: ['a', 'b'], join: { timeout_ms: 400 } } }));
  const timer = jobIds.timer(`${run}.2`, 'timeout', 1);
  await eventually(async () => ((await queue('housekeeping').getJobState(timer)) === 'delayed' ? true : undefined));
  await remove('housekeeping', timer);
  const { results, events } = await engine.ended(run);
  expect(results.get('j')?.status).toBe('completed');
  expect(events.find(({ name }) => name === 'join.released')).toMatchObject({
    detail: { reason: 'timeout', late: ['a'] },
  });
});

test('at its deadline a run ends with what there is; with nothing it fails', async () => {
  const some = await engine.runToEnd(planOf({ a: {}, b: { input_data: { hang: true } } }), { deadline_ms: 500 });
  expect(some.record).toMatchObject({ status: 'completed', partial: '1', response: 'a done' });
  expect(some.record.warnings?.[0]).toContain('deadline');
  const none = await engine.runToEnd(planOf({ b: { input_data: { hang: true } } }), { deadline_ms: 300 });
  expect(none.record).toMatchObject({ status: 'failed', error: { code: 'run_deadline' } });
});

test('a deadline whose timer is gone holds all the same', async () => {
  const run = await heldRun(planOf({ a: { input_data: { hang: true } } }), { deadline_ms: 600 });
  await remove('housekeeping', jobIds.deadline(run));
  const { record } = await engine.ended(run);
  expect(record).toMatchObject({ status: 'failed', error: { code: 'run_deadline' } });
});

test('sweeps of several processes at once mend once, and leave healthy runs alone', async () => {
  const run = await heldRun(planOf({ a: held, b: { after: ['a'] } }));
  await remove(ORCHESTRATOR_QUEUE, jobIds.plan(run));
  const mended: string[] = [];
  const sweepers = Array.from({ length: 3 }, () =>
    openSweeper({
      flow: engine.opened.flow,
      periodMs: 0,
      retention: { ageMs: 3_600_000, runs: 0 },
      onMended: ({ run: each, finding }) => mended.push(`${each} ${finding}`),
      onError: (error) => mended.push(`${error}`),
    }),
  );
  for (let round = 0; round < 5; round += 1) await Promise.all(sweepers.map((sweep) => sweep()));
  expect(mended).toEqual([]);
  seen.events.emit('release');
  const { results } = await engine.ended(run);
  expect([...results.keys()].toSorted()).toEqual(['a', 'b']);
  expect(callsOf(run, 'a')).toHaveLength(1);
});

test('one process reconciles at a time; when it goes, another one does', async () => {
  const env = { BATON_RECONCILE_MS: `${PERIOD_MS}` };
  const { redis, keys } = engine.opened.store;
  const first = await redis.get(keys.leader);
  const other = await startTestWorker({ redisUrl: engine.redis.url, env });
  expect(await redis.get(keys.leader)).toBe(first);
  await redis.del(keys.leader); // as if it had lapsed
  await eventually(async () => ((await redis.get(keys.leader)) === null ? undefined : true));
  await other[Symbol.asyncDispose]();
  await eventually(async () => ((await redis.get(keys.leader)) === null ? undefined : true));
});

test('a stale finding does not overwrite a result', async () => {
  const { run } = await submitRun(engine.opened.flow, { plan: planOf({ a: {} }), metadata: {}, options: plainOptions });
  const { results } = await engine.ended(run);
  const inspection = await inspectRun(engine.opened.flow, run);
  const task = inspection?.tasks[0];
  if (inspection === undefined || task === undefined) throw new Error('the run has a task');
  await mend({ flow: engine.opened.flow, run, inspection }, { kind: 'lost', task });
  await mend({ flow: engine.opened.flow, run, inspection }, { kind: 'no_root' });
  expect((await engine.ended(run)).results).toEqual(results);
});

import { once } from 'node:events';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { interruptId } from '../../src/contracts/interrupt.ts';
import { jobIds, ORCHESTRATOR_QUEUE, ROOT_QUEUE } from '../../src/contracts/job.ts';
import { plainOptions } from '../../src/contracts/run-options.ts';
import { takeLease } from '../../src/journal/lease.ts';
import { inspectRun } from '../../src/orchestrator/reconcile/inspect-run.ts';
import { mend } from '../../src/orchestrator/reconcile/mend.ts';
import { openReconciler, openSweeper } from '../../src/orchestrator/reconcile/reconcile.ts';
import { newRunId } from '../../src/orchestrator/run-id.ts';
import { submitRun } from '../../src/orchestrator/submit-run.ts';
import { openStreamReader } from '../../src/streams/run-stream.ts';
import { seen } from '../support/agents/scripted.ts';
import { type Engine, openEngine } from '../support/engine.ts';
import { planOf } from '../support/plans.ts';
import { eventually } from '../support/processes.ts';
import { isContainer, startTestRedis } from '../support/redis.ts';
import { createTestRun, openTestStore } from '../support/store.ts';

const PERIOD_MS = 100;
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
const mapOf = (items: number, item: object = {}) => ({
  kind: 'map',
  map: { over: { input: 'items' } },
  input_data: { items: Array(items).fill(item) },
});
const seenChildren = async (run: string) => seen.calls.filter(({ key }) => key.startsWith(`${run}.m.`)).length;
const keysOfRun = (run: string) => engine.opened.store.keys.run(run);
const isOpen = async (run: string) =>
  (await engine.opened.store.redis.zscore(engine.opened.store.keys.openRuns, run)) !== null;

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

test('a join whose branch lost its job waits until that is recorded, and then decides by its quota', async () => {
  const run = await engine.submit(
    planOf({
      a: {},
      x: held,
      b: { after: ['x'] },
      j: { after: ['a', 'b'], join: {} },
      k: { after: ['a', 'b'], join: { min_fraction: 0.5 } },
    }),
  );
  await eventually(() => callsOf(run, 'x')[0]);
  await remove('cap-custom', `${run}.2`);
  seen.events.emit('release');
  const { results, events } = await engine.ended(run);
  expect(results.get('b')?.error?.code).toBe('job_lost');
  expect(results.get('j')).toMatchObject({ status: 'skipped', error: { code: 'dependency_failed' } });
  expect(results.get('k')?.status).toBe('completed');
  const releases = events.filter(({ name }) => name === 'join.released');
  expect(releases.map(({ task_id }) => task_id).toSorted()).toEqual(['j', 'k']);
  expect(releases.find(({ task_id }) => task_id === 'j')?.detail).toMatchObject({
    completed: ['a'],
    unfinished: ['b'],
  });
});

test('a run that cannot go on without a task whose job is gone ends at once', async () => {
  const run = await heldRun(
    planOf({
      a: held,
      b: { after: ['a'] },
      c: { after: ['b'], on_dependency_failure: 'fail' },
      d: { input_data: { hang: true } },
    }),
  );
  await remove('cap-custom', `${run}.1`);
  const { record } = await engine.ended(run);
  expect(record).toMatchObject({ status: 'failed', error: { code: 'dependency_failed' } });
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
  await redis.hset(keys.run(run).run, 'stop', JSON.stringify({ as: 'cancelled', code: 'cancelled', message: 'why' }));
  const { record } = await engine.ended(run);
  seen.events.emit('release');
  expect(record).toMatchObject({ status: 'cancelled' });
});

test('a join whose timer is gone goes on all the same', async () => {
  const run = await heldRun(planOf({ a: held, b: {}, j: { after: ['a', 'b'], join: { timeout_ms: 200 } } }));
  const timer = jobIds.timer(`${run}.2`, 'timeout', 1);
  await eventually(async () => ((await queue('housekeeping').getJobState(timer)) === 'delayed' ? true : undefined));
  await remove('housekeeping', timer);
  const { results, events } = await engine.ended(run);
  expect(results.get('j')?.status).toBe('completed');
  expect(events.find(({ name }) => name === 'join.released')).toMatchObject({
    detail: { reason: 'timeout', late: ['a'] },
  });
});

test('a deadline whose timer is gone holds all the same', async () => {
  const run = await heldRun(planOf({ a: { input_data: { hang: true } } }), { deadline_ms: 300 });
  await remove('housekeeping', jobIds.deadline(run));
  const { record } = await engine.ended(run);
  expect(record).toMatchObject({ status: 'failed', error: { code: 'run_deadline' } });
});

/** Mends of `runs` by sweeps of several processes at once, and what went wrong. */
async function sweepAtOnce(runs: readonly string[]): Promise<readonly string[]> {
  const mended: string[] = [];
  const sweepers = Array.from({ length: 3 }, () =>
    openSweeper({
      flow: engine.opened.flow,
      periodMs: 0,
      retention: { ageMs: 3_600_000, runs: 0 },
      onMended: ({ run, finding }) => void (runs.includes(run) && mended.push(finding)),
      onError: (error) => mended.push(`${error}`),
    }),
  );
  for (let round = 0; round < 5; round += 1) await Promise.all(sweepers.map((sweep) => sweep()));
  return mended;
}

test('sweeps leave healthy runs alone', async () => {
  const run = await heldRun(planOf({ a: held, b: { after: ['a'] } }));
  await remove(ORCHESTRATOR_QUEUE, jobIds.plan(run));
  expect(await sweepAtOnce([run])).toEqual([]);
  seen.events.emit('release');
  const { results } = await engine.ended(run);
  expect([...results.keys()].toSorted()).toEqual(['a', 'b']);
  expect(callsOf(run, 'a')).toHaveLength(1);
});

test('sweeps leave runs in full motion alone', async () => {
  const plan = planOf({ a: {}, b: { after: ['a'] }, m: { ...mapOf(5), after: ['a'] }, c: { after: ['b', 'm'] } });
  const runs = await Promise.all(Array.from({ length: 30 }, () => engine.submit(plan)));
  const submitted = async (run: string) =>
    eventually(async () => (await engine.opened.store.redis.hget(keysOfRun(run).run, 'submitted')) ?? undefined);
  await Promise.all(runs.map(submitted)); // before that, a run is too young to be looked at
  const mended: string[] = [];
  const open = async () => (await Promise.all(runs.map((run) => isOpen(run)))).some(Boolean);
  while (await open()) mended.push(...(await sweepAtOnce(runs)));
  expect(mended).toEqual([]);
  for (const run of runs) expect(callsOf(run, 'm.4')).toHaveLength(1);
});

test('sweeps of several processes at once mend once', async () => {
  const run = await heldRun(
    planOf({ a: held, b: { after: ['a'] }, c: { after: ['b'], on_dependency_failure: 'partial' } }),
  );
  await remove('cap-custom', `${run}.1`);
  await remove(ROOT_QUEUE, jobIds.root(run));
  await sweepAtOnce([run]);
  seen.events.emit('release');
  const { events } = await engine.ended(run);
  const ends = events.filter(({ name }) => /^(task|run)\.(completed|failed|skipped)$/.test(name));
  expect(ends.map(({ name, task_id }) => `${task_id} ${name}`).toSorted()).toEqual([
    'a task.completed',
    'b task.failed',
    'c task.completed',
    'root run.completed',
  ]);
  expect(callsOf(run, 'c')).toHaveLength(1);
});

test('a child that somebody removed is a failed item, and its map task goes on', async () => {
  const run = await heldRun(planOf({ m: mapOf(3, { hold: true }) }));
  await eventually(async () => ((await seenChildren(run)) === 3 ? true : undefined));
  const isStepped = async () => (await queue('cap-custom').getJobState(`${run}.0`)) === 'waiting-children';
  await eventually(async () => ((await isStepped()) ? true : undefined));
  const { redis, keys } = engine.opened.store;
  await redis.del(keys.job('cap-custom', `${run}.0.1`)); // its lock would keep it from an orderly removal
  await eventually(async () => ((await redis.hexists(keys.run(run).results, 'm.1')) === 1 ? true : undefined));
  seen.events.emit('release');
  const { results } = await engine.ended(run);
  expect(results.get('m.1')).toMatchObject({ status: 'failed', error: { code: 'job_lost' } });
  expect(JSON.parse(results.get('m')?.response ?? '')).toEqual(['m.0 done', null, 'm.2 done']);
});

test('what names runs that are gone goes too: their places in the lists and their questions', async () => {
  const gone = newRunId();
  const { redis, keys } = engine.opened.store;
  for (const index of [keys.runs, keys.openRuns]) await redis.zadd(index, 1, gone);
  await redis.zadd(keys.interrupts, 1, interruptId(gone, 'a~input'));
  const isListed = async () =>
    (await Promise.all([keys.runs, keys.openRuns, keys.interrupts].map((index) => redis.zrange(index, '0', '-1'))))
      .flat()
      .some((id) => id.startsWith(gone));
  await eventually(async () => ((await isListed()) ? undefined : true));
});

test('readers of a run whose records are lost are told so, and do not hang', async () => {
  const run = await heldRun(planOf({ a: held }));
  await using reader = openStreamReader({ ...engine.opened, blockingRedis: engine.opened.connect(), blockMs: 100 });
  const reading = Array.fromAsync(reader.read(run));
  await eventually(async () =>
    String(await engine.opened.store.redis.client('LIST')).includes('cmd=xread') ? true : undefined,
  );
  const { redis, keys } = engine.opened.store;
  const { text: _, inbox: _inbox, ...names } = keys.run(run);
  await redis.del(...Object.values(names)); // as when Redis has lost its last second
  await expect(reading).rejects.toMatchObject({ code: 'run_not_found' });
  await eventually(async () => ((await redis.zscore(keys.openRuns, run)) === null ? true : undefined));
  seen.events.emit('release');
});

test('one of several processes reconciles; what a dead one was leading goes to another when its lead lapses', async () => {
  await using redis = await startTestRedis();
  await using opened = openTestStore(redis.url);
  const { store, flow } = opened;
  const leader = () => store.redis.get(store.keys.leader);
  expect(await takeLease({ redis: store.redis, key: store.keys.leader, holder: 'dead' }, 400)).toBe(true);
  const began = performance.now();
  const mended: string[] = [];
  const run = await createTestRun(store, planOf({ a: {} }));
  const open = () =>
    openReconciler({
      ...{ flow, periodMs: 50, retention: { ageMs: 3_600_000, runs: 0 } },
      onMended: ({ finding }) => mended.push(finding),
      onError: (error) => mended.push(`${error}`),
    });
  const reconcilers = [open(), open(), open()];
  await eventually(async () => ((await flow.queue(ORCHESTRATOR_QUEUE).getJob(jobIds.plan(run))) ? true : undefined));
  expect(performance.now() - began).toBeGreaterThan(390);
  for (const reconciler of reconcilers) {
    expect(await eventually(async () => (await leader()) ?? undefined)).not.toBe('dead');
    await reconciler[Symbol.asyncDispose]();
  }
  expect(await leader()).toBeNull();
  expect(mended).toEqual(['not_submitted']);
});

test.skipIf(isContainer)('a reconciler closes although Redis is away', async () => {
  await using redis = await startTestRedis();
  await using opened = openTestStore(redis.url);
  const { store, flow } = opened;
  const options = { flow, periodMs: 50, retention: { ageMs: 3_600_000, runs: 0 } };
  const reconciler = openReconciler({ ...options, onMended: () => undefined, onError: () => undefined });
  await eventually(async () => (await store.redis.get(store.keys.leader)) ?? undefined);
  await redis.kill();
  const began = performance.now();
  await reconciler[Symbol.asyncDispose]();
  expect(performance.now() - began).toBeLessThan(4_000);
  await redis.restart(); // what is closed next waits for it
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

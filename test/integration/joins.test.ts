import { afterAll, beforeAll, expect, test } from 'vitest';
import { ForkRequest } from '../../src/contracts/fork.ts';
import type { Plan } from '../../src/contracts/plan.ts';
import { forkRun } from '../../src/orchestrator/fork-run.ts';
import { seen } from '../support/agents/scripted.ts';
import { type Engine, openEngine } from '../support/engine.ts';
import { planOf } from '../support/plans.ts';

let engine: Engine;

beforeAll(async () => {
  engine = await openEngine();
});

afterAll(() => engine[Symbol.asyncDispose]());

/** A run, and how its one join was released. */
async function runJoin(plan: Plan) {
  const ran = await engine.runToEnd(plan);
  const released = ran.events.filter((event) => event.name === 'join.released');
  return { ...ran, released: released[0]?.detail, releases: released.length };
}

const quick = {};
const slow = { input_data: { hang: true } };
const bad = { input_data: { fail: true }, retries: 0 };
const branches = ['a', 'b', 'c', 'd'];

test('a join goes on when all its branches are done, once', async () => {
  const { released, releases, results } = await runJoin(
    planOf({ a: quick, b: quick, c: quick, d: quick, j: { after: branches, join: {} } }),
  );
  expect(releases).toBe(1);
  expect(released).toEqual({ reason: 'all', need: 4, completed: branches, unfinished: [], late: [] });
  expect(results.get('j')?.status).toBe('completed');
});

test('at its quota a join goes on at once; the late branch is aborted and recorded as skipped', async () => {
  const { released, releases, results, events, record } = await runJoin(
    planOf({ a: quick, b: quick, c: quick, d: slow, j: { after: branches, join: { min_fraction: 0.75 } } }),
  );
  expect(releases).toBe(1);
  expect(released).toMatchObject({ reason: 'quorum', need: 3, completed: ['a', 'b', 'c'], late: ['d'] });
  expect(results.get('j')?.status).toBe('completed');
  expect(results.get('d')).toMatchObject({ status: 'skipped', error: { code: 'late' } });
  expect(record).toMatchObject({ status: 'completed', partial: '1' });
  expect(events.filter((event) => event.task_id === 'd').map((event) => event.name)).toContain('task.skipped');
});

test('a dropped branch takes along what serves only it; what others need goes on', async () => {
  const run = await engine.submit(
    planOf({
      a: quick,
      b: slow,
      b2: { after: ['b'] },
      shared: { input_data: { hold: true } },
      c: { after: ['shared'] },
      other: { after: ['shared'] },
      j: { after: ['a', 'b2', 'c'], join: { min_fraction: 0.3 } },
    }),
  );
  await engine.eventOf(run, (event) => event.name === 'task.completed' && event.task_id === 'j');
  seen.events.emit('release');
  const { results } = await engine.ended(run);
  const statuses = Object.fromEntries([...results].map(([id, { status }]) => [id, status]));
  expect(statuses).toEqual({
    ...{ a: 'completed', j: 'completed', shared: 'completed', other: 'completed' },
    ...{ b: 'skipped', b2: 'skipped', c: 'skipped' },
  });
});

test('a join that keeps late branches lets the root wait for them; their results are in the run, not in the join', async () => {
  const run = await engine.submit(
    planOf({
      ...{ a: quick, b: quick, c: quick, d: { input_data: { hold: true } } },
      j: { after: branches, join: { min_fraction: 0.75, late: 'keep' } },
    }),
  );
  await engine.eventOf(run, (event) => event.name === 'task.completed' && event.task_id === 'j');
  seen.events.emit('release');
  const { results, record, events } = await engine.ended(run);
  expect(results.get('d')?.status).toBe('completed');
  expect(record.partial).toBeUndefined();
  expect(events.find((event) => event.name === 'join.released')?.detail).toMatchObject({ late: ['d'] });
});

test('grace gives the others a chance after the quota is full: one that comes within it is in', async () => {
  const { released, results } = await runJoin(
    planOf({
      ...{ a: quick, b: quick, c: { input_data: { ms: 150 } }, d: slow },
      j: { after: branches, join: { min_fraction: 0.5, grace_ms: 600 } },
    }),
  );
  expect(released).toMatchObject({ reason: 'grace', completed: ['a', 'b', 'c'], late: ['d'] });
  expect(results.get('j')?.status).toBe('completed');
});

test('branches that fail do not count: below its quota a join is skipped, or runs with what there is, by its policy', async () => {
  const tasks = { a: quick, b: bad, c: bad, d: quick };
  const join = { min_fraction: 0.75 };
  const skipped = await runJoin(planOf({ ...tasks, j: { after: branches, join } }));
  expect(skipped.released).toMatchObject({ reason: 'all', completed: ['a', 'd'], unfinished: ['b', 'c'], late: [] });
  expect(skipped.results.get('j')).toMatchObject({ status: 'skipped', error: { code: 'dependency_failed' } });
  const partial = await runJoin(planOf({ ...tasks, j: { after: branches, join, on_dependency_failure: 'partial' } }));
  expect(partial.results.get('j')?.status).toBe('completed');
  const failed = await runJoin(planOf({ ...tasks, j: { after: branches, join, on_dependency_failure: 'fail' } }));
  expect(failed.record).toMatchObject({ status: 'failed', error: { code: 'dependency_failed' } });
});

test('at its timeout a join goes on with what is there', async () => {
  const { released, results } = await runJoin(
    planOf({ a: quick, b: slow, c: slow, d: slow, j: { after: branches, join: { timeout_ms: 200 } } }),
  );
  expect(released).toMatchObject({ reason: 'timeout', completed: ['a'], late: ['b', 'c', 'd'] });
  expect(results.get('j')?.status).toBe('completed');
});

test('or fails, when it is told to', async () => {
  const { released, results } = await runJoin(
    planOf({ a: quick, b: slow, j: { after: ['a', 'b'], join: { timeout_ms: 200, on_timeout: 'fail' } } }),
  );
  expect(released).toMatchObject({ reason: 'timeout' });
  expect(results.get('j')).toMatchObject({ status: 'failed', error: { code: 'join_timeout' } });
});

test('or dispatches its missing branches once more, to other agents, with a fresh time', async () => {
  const { run, released, results } = await runJoin(
    planOf({
      ...{ a: quick, b: { capability: 'search', input_data: { hold: true } } },
      j: { after: ['a', 'b'], join: { timeout_ms: 300, on_timeout: 'redispatch' } },
    }),
  );
  const agents = seen.calls.filter(({ key }) => key === `${run}.b`).map(({ agent }) => agent);
  expect(agents).toHaveLength(2);
  expect(new Set(agents).size).toBe(2);
  expect(released).toMatchObject({ reason: 'all', completed: ['a', 'b'] });
  expect(results.get('j')?.status).toBe('completed');
});

test('of a branch that works through others these are dispatched again', async () => {
  const { run, released } = await runJoin(
    planOf({
      a: quick,
      b: {
        ...{ capability: 'search', kind: 'map', map: { over: { input: 'items' } } },
        input_data: { items: ['one'], hold: true },
      },
      j: { after: ['a', 'b'], join: { timeout_ms: 300, on_timeout: 'redispatch' } },
    }),
  );
  const agents = seen.calls.filter(({ key }) => key === `${run}.b.0`).map(({ agent }) => agent);
  expect(agents).toHaveLength(2);
  expect(new Set(agents).size).toBe(2);
  expect(released).toMatchObject({ reason: 'all', completed: ['a', 'b'] });
});

test('and goes on with what is there when that did not help', async () => {
  const { run, released, results, releases } = await runJoin(
    planOf({ a: quick, b: slow, j: { after: ['a', 'b'], join: { timeout_ms: 200, on_timeout: 'redispatch' } } }),
  );
  expect(seen.calls.filter(({ key }) => key === `${run}.b`)).toHaveLength(2);
  expect(releases).toBe(1);
  expect(released).toMatchObject({ reason: 'timeout', completed: ['a'], late: ['b'] });
  expect(results.get('j')?.status).toBe('completed');
});

test('what a dropped branch only comes after is still waited for: the run does not end before it', async () => {
  const { results, record } = await runJoin(
    planOf({
      quick,
      before: { input_data: { ms: 200 } },
      late: { behind: ['before'] },
      j: { after: ['quick', 'late'], join: { min_fraction: 0.5 } },
    }),
  );
  expect(results.get('late')).toMatchObject({ status: 'skipped', error: { code: 'late' } });
  expect(results.get('before')?.status).toBe('completed');
  expect(record.status).toBe('completed');
});

test('a branch of two joins that both go on without it is waited for by the run', async () => {
  const join = { min_fraction: 0.5 };
  const { results } = await runJoin(
    planOf({
      quick,
      shared: { input_data: { ms: 200 } },
      one: { after: ['quick', 'shared'], join },
      two: { after: ['quick', 'shared'], join },
    }),
  );
  expect(results.get('shared')?.status).toBe('completed');
});

test('a fork from a join decides by the branches that were there, and says so', async () => {
  const fork = async (run: string, id: string) => {
    const request = ForkRequest.parse({ from: [id] });
    return engine.ended((await forkRun(engine.opened.flow, { run, request })).run);
  };
  const plan = planOf({
    a: quick,
    b: bad,
    j: { after: ['a', 'b'], join: {} },
    k: { after: ['a', 'b'], join: { min_fraction: 0.5 } },
  });
  const { run } = await engine.runToEnd(plan);
  const blocked = await fork(run, 'j');
  expect(blocked.results.get('j')).toMatchObject({ status: 'skipped', error: { code: 'dependency_failed' } });
  const release = { reason: 'all', completed: ['a'], unfinished: ['b'], late: [] };
  expect(blocked.events.find(({ name }) => name === 'join.released')?.detail).toMatchObject({ ...release, need: 2 });
  const open = await fork(run, 'k');
  expect(open.results.get('k')?.status).toBe('completed');
  expect(open.events.find(({ name }) => name === 'join.released')?.detail).toMatchObject({ ...release, need: 1 });
});

test('a fork counts the branches that were there with those that run again', async () => {
  const plan = planOf({
    a: quick,
    b: quick,
    c: slow,
    j: { after: ['a', 'b', 'c'], join: { min_fraction: 0.6, timeout_ms: 200 } },
  });
  const { run } = await engine.runToEnd(plan);
  const request = ForkRequest.parse({ from: ['c'] });
  const { events, results } = await engine.ended((await forkRun(engine.opened.flow, { run, request })).run);
  expect(events.find(({ name }) => name === 'join.released')?.detail).toMatchObject({
    need: 2,
    completed: ['a', 'b'],
    late: ['c'],
  });
  expect(results.get('j')?.status).toBe('completed');
});

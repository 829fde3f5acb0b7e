import { afterAll, beforeAll, expect, test } from 'vitest';
import { openClient } from '../../src/client/client.ts';
import { foldEvents } from '../../src/contracts/fold.ts';
import { ForkRequest } from '../../src/contracts/fork.ts';
import { Decision } from '../../src/contracts/interrupt.ts';
import type { Plan } from '../../src/contracts/plan.ts';
import { cancelRun } from '../../src/orchestrator/cancel-run.ts';
import { forkRun, previewFork } from '../../src/orchestrator/fork-run.ts';
import { decideInterrupt } from '../../src/orchestrator/interrupts.ts';
import { removeEndedRun } from '../../src/orchestrator/remove-run.ts';
import { viewRun } from '../../src/orchestrator/view-run.ts';
import { seen } from '../support/agents/scripted.ts';
import { openTestApi } from '../support/api.ts';
import { type Engine, openEngine } from '../support/engine.ts';
import { planOf } from '../support/plans.ts';
import { eventually } from '../support/processes.ts';

let engine: Engine;

beforeAll(async () => {
  engine = await openEngine();
});

afterAll(() => engine[Symbol.asyncDispose]());

const callsOf = (run: string) => seen.calls.filter(({ key }) => key.startsWith(run)).map(({ task }) => task);
const flow = () => engine.opened.flow;
const store = () => engine.opened.store;

async function fork(run: string, request: object) {
  const { run: forked } = await forkRun(flow(), { run, request: ForkRequest.parse(request) });
  return engine.ended(forked);
}

const long = 'x'.repeat(5_000);
const diamond: Plan = planOf({
  a: { input_data: { words: [long] } },
  b: { after: ['a'] },
  c: { after: ['a'], capability: 'search' },
  d: { after: ['b', 'c'] },
});

test('only what was named and what depends on it runs again; the old run stays as it is, and may leave', async () => {
  const { run } = await engine.runToEnd(diamond);
  const before = JSON.stringify(await viewRun(store(), run));
  const { run: forked, results, record, events } = await fork(run, { from: ['b'] });
  expect(callsOf(forked).toSorted()).toEqual(['b', 'd']);
  expect([...results.values()].map(({ status }) => status)).toEqual(Array(4).fill('completed'));
  expect(record).toMatchObject({ status: 'completed', fork: { from: run, reused: ['a', 'c'] } });
  expect(JSON.stringify(await viewRun(store(), run))).toBe(before);
  expect(foldEvents(events).tasks.map(({ task_id, status }) => `${task_id} ${status}`)).toEqual([
    ...['a completed', 'b completed', 'c completed', 'd completed'],
  ]);
  expect(await removeEndedRun(flow(), run)).toBe(true);
  expect((await viewRun(store(), forked))?.results.find(({ task_id }) => task_id === 'a')?.response).toBe(long);
});

test('edits reach the agents; a pinned agent is the one that is called', async () => {
  const { run } = await engine.runToEnd(diamond);
  const { run: forked, results } = await fork(run, {
    edits: { b: { input_data: { words: ['edited'] } }, c: { agent: 'search-2' } },
  });
  expect(results.get('b')?.response).toBe('edited');
  expect(seen.calls.find(({ key }) => key === `${forked}.c`)?.agent).toBe('search-2');
  expect(callsOf(forked).toSorted()).toEqual(['b', 'c', 'd']);
});

test('a failed task is tried again by a fork of it; a cancelled run goes on where it was', async () => {
  const { run } = await engine.runToEnd(
    planOf({ ok: {}, bad: { input_data: { fail: true }, retries: 0 }, end: { after: ['ok', 'bad'] } }),
  );
  const retried = await fork(run, { edits: { bad: { input_data: {} } } });
  expect(retried.record).toMatchObject({ status: 'completed' });
  expect(retried.record.partial).toBeUndefined();
  expect(callsOf(retried.run).toSorted()).toEqual(['bad', 'end']);

  const cut = await engine.submit(
    planOf({ a: {}, b: { after: ['a'], input_data: { hang: true } }, c: { after: ['b'] } }),
  );
  await engine.eventOf(cut, ({ name, task_id }) => name === 'task.started' && task_id === 'b');
  await expect(fork(cut, { from: ['b'] })).rejects.toMatchObject({ code: 'run_not_ended' });
  await cancelRun(flow(), cut);
  await engine.ended(cut);
  const resumed = await fork(cut, { edits: { b: { input_data: {} } } });
  expect(callsOf(resumed.run)).toEqual(['b', 'c']);

  const failed = await engine.runToEnd(
    planOf({
      ...{ bad: { input_data: { fail: true, ms: 30 }, retries: 0 }, other: { input_data: { hang: true } } },
      end: { after: ['bad', 'other'], on_dependency_failure: 'fail' },
    }),
  );
  expect(failed.record.status).toBe('failed');
  const edits = { bad: { input_data: {} }, other: { input_data: {} } };
  const preview = await previewFork(store(), failed.run, ForkRequest.parse({ edits: { bad: edits.bad } }));
  expect(preview.rerun, 'its sibling was only aborted').toEqual(['bad', 'other', 'end']);
  expect((await fork(failed.run, { edits })).record.status).toBe('completed');
});

test('joins and maps with some of their branches re-used still hold; a fork may be forked', async () => {
  const plan = planOf({
    ...{ a: {}, b: {}, c: {} },
    j: { after: ['a', 'b', 'c'], join: { min_fraction: 0.6 } },
    m: { after: ['j'], kind: 'map', map: { over: { input: 'items' } }, input_data: { items: [{}, {}] } },
    end: { after: ['m'] },
  });
  const { run } = await engine.runToEnd(plan);
  const first = await fork(run, { from: ['c'] });
  expect(first.results.get('j')?.status).toBe('completed');
  expect(callsOf(first.run).toSorted()).toEqual(['c', 'end', 'j', 'm.0', 'm.1']);
  const second = await fork(first.run, { from: ['end'] });
  expect(callsOf(second.run)).toEqual(['end']);
  expect(second.results.get('m')?.response).toBe(first.results.get('m')?.response);
});

const list = { kind: 'map', map: { over: { input: 'items' } }, retries: 0 };

test("a re-used map's items come with it: those that failed are named, and the run leaves nothing behind", async () => {
  const items = [{ words: [long] }, { fail: true }, {}, { fail: true }];
  const { run } = await engine.runToEnd(planOf({ m: { ...list, input_data: { items } }, end: { after: ['m'] } }));
  const { run: forked, record, results } = await fork(run, { from: ['end'] });
  expect(callsOf(forked)).toEqual(['end']);
  expect(record).toMatchObject({ partial: '1', fork: { reused: ['m'] } });
  expect(record.warnings).toEqual([expect.stringMatching(/^m went on without 2 of its items: m\.1: .*; m\.3: /)]);
  expect(results.get('m.0')?.response).toBe(long);
  const { redis, keys } = store();
  expect(await redis.hget(keys.run(forked).run, 'children'), 'they count among the most of a run').toBe('4');
  const view = await viewRun(store(), forked);
  expect(view?.spawned.map(({ task_id, status }) => `${task_id} ${status}`)).toEqual([
    ...['m.0 completed', 'm.1 failed', 'm.2 completed', 'm.3 failed'],
  ]);

  expect(await removeEndedRun(flow(), forked)).toBe(true);
  expect((await redis.keys(`*${forked}*`)).filter((key) => !key.includes('housekeeping:'))).toEqual([]);
  expect(await flow().queue('cap-custom').getJobState(`${run}.0.0`), "the old run's job stays").toBe('completed');
});

test("tokens of a re-used map's items are the old run's", async () => {
  const { run } = await engine.runToEnd(planOf({ m: { ...list, input_data: { items: [{}] } }, end: { after: ['m'] } }));
  const { redis, keys } = store();
  const usage = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 };
  const envelope: unknown = JSON.parse((await redis.hget(keys.run(run).results, 'm.0')) ?? 'null');
  await redis.hset(keys.run(run).results, 'm.0', JSON.stringify({ ...Object(envelope), usage }));
  const { events, results } = await fork(run, { from: ['end'] });
  expect(results.get('m.0')?.usage).toEqual(usage);
  expect(events.at(-1)?.detail).toMatchObject({ usage: null });
});

test('an item of a map stands for the whole of it', async () => {
  const { run } = await engine.runToEnd(planOf({ a: {}, m: { ...list, input_data: { items: [{}, {}] } } }));
  const preview = await previewFork(store(), run, ForkRequest.parse({ from: ['m.1'] }));
  expect(preview).toMatchObject({ rerun: ['m'], reused: ['a'] });
  const { run: forked } = await fork(run, { from: ['m.1'] });
  expect(callsOf(forked).toSorted()).toEqual(['m.0', 'm.1']);
});

test('a fork keeps the order that its run was carried out in, and says how that was decided', async () => {
  const { run, record } = await engine.runToEnd(planOf({ a: {}, b: {}, c: {}, d: {} }), { mode: 'adaptive' });
  const { record: forked, events } = await fork(run, { edits: { a: { input_data: { words: ['new'] } } } });
  expect(forked).toMatchObject({ mode: record.mode, options: { mode: 'adaptive' } });
  const edges = (of: typeof record) => of.plan?.sub_tasks.map(({ task_id, after }) => [task_id, after]);
  expect(edges(forked)).toEqual(edges(record));
  expect(events.find(({ name }) => name === 'plan.ready')?.detail).toMatchObject({ mode: record.mode });
});

test('a fork of a run that was never planned gets the mode that was asked for', async () => {
  const orchestrator = flow().queue('orchestrator');
  await orchestrator.pause();
  const run = await engine.submit(planOf({ a: {}, b: {} }), { mode: 'sequential' });
  await cancelRun(flow(), run);
  expect((await engine.ended(run)).record).toMatchObject({ status: 'cancelled', mode: null });
  await orchestrator.resume();
  const { record } = await fork(run, { from: ['a'] });
  expect(record).toMatchObject({ status: 'completed', mode: { mode: 'sequential', lanes: 1 } });
  expect(record.plan?.sub_tasks.flatMap(({ after }) => after)).toHaveLength(1);
});

test('who approves the plan of a fork cannot edit what it re-uses', async () => {
  const asked = { interrupt_before: ['plan'] };
  const plan = { a: {}, b: { after: ['a'] } };
  const decideOn = async (run: string, given: object) => {
    const found = await eventually(async () =>
      (await viewRun(store(), run))?.interrupts.find(({ state }) => state === 'open'),
    );
    return decideInterrupt(flow(), found.id, Decision.parse({ hash: found.hash, ...given }));
  };
  const run = await engine.submit(planOf(plan), asked);
  await decideOn(run, { decision: 'approve' });
  await engine.ended(run);
  const { run: forked } = await forkRun(flow(), { run, request: ForkRequest.parse({ from: ['b'] }) });
  const edit = (edited: Parameters<typeof planOf>[0]) =>
    decideOn(forked, { decision: 'edit', content: planOf(edited) });
  await expect(edit({ ...plan, a: { input_data: { words: ['ignored'] } } })).rejects.toMatchObject({
    code: 'invalid_plan',
    faults: [{ path: 'content.sub_tasks[0]', message: expect.stringContaining('"a" is re-used') }],
  });
  await edit({ ...plan, b: { after: ['a'], input_data: { words: ['edited'] } } });
  expect((await engine.ended(forked)).results.get('b')?.response).toBe('edited');
});

test('the same key gives the same fork although its source has left; another body is a conflict', async () => {
  const { run } = await engine.runToEnd(diamond);
  const key = (body: string) => ({ owner: 'me', key: 'leaving', body });
  const post = (body: string) => forkRun(flow(), { run, request: ForkRequest.parse({ from: ['d'] }) }, key(body));
  const first = await post('one');
  await engine.ended(first.run);
  expect(await removeEndedRun(flow(), run)).toBe(true);
  expect(await post('one')).toEqual({ run: first.run, status: 'completed' });
  await expect(post('two')).rejects.toMatchObject({ code: 'idempotency_conflict' });
  expect(await removeEndedRun(flow(), first.run)).toBe(true);
  await expect(post('one')).rejects.toMatchObject({ code: 'run_not_found' });
});

test('a dry run says what would run again and what it cost, and changes nothing', async () => {
  const { run } = await engine.runToEnd(diamond);
  const runs = await store().redis.zcard(store().keys.runs);
  const preview = await previewFork(store(), run, ForkRequest.parse({ from: ['c'] }));
  expect(preview).toMatchObject({ rerun: ['c', 'd'], reused: ['a', 'b'], last: { usage: null, cost: null } });
  expect(preview.last.latency_ms).toBeGreaterThan(0);
  expect(await store().redis.zcard(store().keys.runs)).toBe(runs);
});

test('over HTTP: 202 and the run, the same one for the same key, 422 for unknown tasks, 404 for unknown runs', async () => {
  const { run } = await engine.runToEnd(diamond);
  await using api = await openTestApi(engine.redis.url);
  const client = openClient({ url: api.url });
  const forks = await Promise.all(
    Array.from({ length: 100 }, () => client.fork(run, { from: ['d'] }, { idempotencyKey: 'one' })),
  );
  expect(new Set(forks.map(({ run_id }) => run_id)).size).toBe(1);
  expect((await client.wait(forks[0]?.run_id ?? '')).status).toBe('completed');
  expect((await client.previewFork(run, { from: ['d'] })).rerun).toEqual(['d']);
  await expect(client.fork(run, { from: ['nobody'] })).rejects.toMatchObject({
    code: 'invalid_request',
    faults: [{ path: 'from[0]' }],
  });
  await expect(client.fork(`r${'0'.repeat(22)}`, { from: ['a'] })).rejects.toMatchObject({ code: 'run_not_found' });
});

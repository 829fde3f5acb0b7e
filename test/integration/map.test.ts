import { afterAll, beforeAll, expect, test } from 'vitest';
import { cancelRun } from '../../src/orchestrator/cancel-run.ts';
import { pauseRun, resumeRun } from '../../src/orchestrator/pause-run.ts';
import { viewRun } from '../../src/orchestrator/view-run.ts';
import { seen } from '../support/agents/scripted.ts';
import { type Engine, openEngine } from '../support/engine.ts';
import { planOf, type TaskSketch } from '../support/plans.ts';
import { eventually } from '../support/processes.ts';

let engine: Engine;

beforeAll(async () => {
  engine = await openEngine();
});

afterAll(() => engine[Symbol.asyncDispose]());

const overItems = (items: readonly unknown[], rest: TaskSketch = {}): TaskSketch => ({
  kind: 'map',
  map: { over: { input: 'items' } },
  retries: 0,
  ...rest,
  input_data: { items, ...Object(rest.input_data) },
});

const callsOf = (run: string) => seen.calls.filter(({ key }) => key.startsWith(run)).map(({ task }) => task);

test('each item gets a task; their texts come together in the order of the list, whoever ends first', async () => {
  const items = [{ ms: 60 }, { ms: 5 }, { ms: 30 }];
  const { run, results, events } = await engine.runToEnd(planOf({ m: overItems(items), end: { after: ['m'] } }));
  expect(JSON.parse(results.get('m')?.response ?? '')).toEqual(['m.0 done', 'm.1 done', 'm.2 done']);
  expect(callsOf(run).toSorted()).toEqual(['end', 'm.0', 'm.1', 'm.2']);
  const ends = events.filter(({ name }) => name === 'task.completed').map(({ task_id }) => task_id);
  expect(ends).toEqual(['m.1', 'm.2', 'm.0', 'm', 'end']);
  const view = await viewRun(engine.opened.store, run);
  expect(view?.spawned.map(({ task_id, status }) => `${task_id} ${status}`)).toEqual([
    'm.0 completed',
    'm.1 completed',
    'm.2 completed',
  ]);
});

test('the list may be the JSON that a dependency gave, fenced and nested', async () => {
  const text = '```json\n{"report": {"sections": ["one", "two"]}}\n```';
  const { results } = await engine.runToEnd(
    planOf({
      outline: { input_data: { words: [text] } },
      m: { after: ['outline'], kind: 'map', map: { over: { task: 'outline', path: 'report.sections' } } },
    }),
  );
  expect(JSON.parse(results.get('m')?.response ?? '')).toEqual(['m.0 done', 'm.1 done']);
});

test('a map may go over what another map gave', async () => {
  const { results } = await engine.runToEnd(
    planOf({
      first: overItems([{}, {}]),
      second: { after: ['first'], kind: 'map', map: { over: { task: 'first' } } },
    }),
  );
  expect(JSON.parse(results.get('second')?.response ?? '')).toEqual(['second.0 done', 'second.1 done']);
});

test('a map may stand in a diamond: what follows begins when all of its children have settled', async () => {
  const { run, events } = await engine.runToEnd(
    planOf({
      a: {},
      b: { after: ['a'] },
      m: { ...overItems([{ ms: 40 }, {}]), after: ['a'] },
      end: { after: ['b', 'm'] },
    }),
  );
  const ended = ({ name }: { name: string }) => name === 'task.completed';
  expect(events.filter(ended).map(({ task_id }) => task_id)).toEqual(['a', 'b', 'm.1', 'm.0', 'm', 'end']);
  expect(events.filter(({ name }) => name === 'task.spawned')).toHaveLength(1);
  expect(callsOf(run)).toHaveLength(5);
});

test('a map whose dependency failed, or whose join was too poor, adds no children', async () => {
  const broken = { input_data: { fail: true }, retries: 0 };
  const { results, run } = await engine.runToEnd(
    planOf({
      broken,
      also: broken,
      m: { ...overItems([{}]), after: ['broken'] },
      j: { ...overItems([{}]), after: ['broken', 'also'], join: { min_fraction: 0.5 } },
    }),
  );
  for (const id of ['m', 'j'])
    expect(results.get(id)).toMatchObject({ status: 'skipped', error: { code: 'dependency_failed' } });
  expect(callsOf(run).toSorted()).toEqual(['also', 'broken']);
});

test('a map with a join goes on without its late branches, and so do its children', async () => {
  const { results } = await engine.runToEnd(
    planOf({
      quick: { input_data: { words: ['[{}]'] } },
      slow: { input_data: { hang: true } },
      m: { after: ['quick', 'slow'], kind: 'map', map: { over: { task: 'quick' } }, join: { min_fraction: 0.5 } },
    }),
  );
  expect(results.get('slow')?.error?.code).toBe('late');
  expect(JSON.parse(results.get('m')?.response ?? '')).toEqual(['m.0 done']);
});

test('items that fail leave null in their place, or make the map fail when it may not miss any', async () => {
  const items = [{}, { fail: true }, {}];
  const { results, record } = await engine.runToEnd(
    planOf({
      partial: overItems(items),
      strict: overItems(items, { map: { over: { input: 'items' }, on_item_failure: 'fail' } }),
      behind: { after: ['strict'] },
      all: overItems([{ fail: true }]),
    }),
  );
  expect(JSON.parse(results.get('partial')?.response ?? '')).toEqual(['partial.0 done', null, 'partial.2 done']);
  expect(results.get('strict')).toMatchObject({ status: 'failed', error: { code: 'map_failed' } });
  expect(results.get('strict')?.error?.message).toContain('strict.1: ');
  expect(results.get('behind')?.status).toBe('skipped');
  expect(results.get('all')?.status).toBe('failed');
  expect(record).toMatchObject({ status: 'completed', partial: '1' });
});

test('an empty list gives an empty list', async () => {
  const { results, run } = await engine.runToEnd(planOf({ m: overItems([]), end: { after: ['m'] } }));
  expect(results.get('m')).toMatchObject({ status: 'completed', response: '[]' });
  expect(callsOf(run)).toEqual(['end']);
});

test.each<[string, TaskSketch, string]>([
  ['what is no list', { input_data: { items: 'x' } }, 'Expected a list at "items" of the input, came "x".'],
  ['nothing', { input_data: {} }, 'Expected a list at "items" of the input, came nothing.'],
  ['more items than allowed', { input_data: { items: Array(51).fill(0) } }, 'Expected at most 50 items'],
])('%s makes the task fail with the reason, not the run hang', async (_what, rest, message) => {
  const { results } = await engine.runToEnd(planOf({ m: { kind: 'map', map: { over: { input: 'items' } }, ...rest } }));
  expect(results.get('m')).toMatchObject({ status: 'failed', error: { code: 'map_invalid' } });
  expect(results.get('m')?.error?.message).toContain(message);
});

test('500 items run', async () => {
  const map = { over: { input: 'items' }, max_items: 500 };
  const { results } = await engine.runToEnd(planOf({ m: overItems(Array(500).fill({}), { map }) }));
  expect(JSON.parse(results.get('m')?.response ?? '')).toHaveLength(500);
});

test('a cancel in the middle ends the run within two seconds, children included', async () => {
  const run = await engine.submit(planOf({ m: overItems([{}, { hang: true }]) }));
  await engine.eventOf(run, ({ name, task_id }) => name === 'task.started' && task_id === 'm.1');
  const asked = performance.now();
  await cancelRun(engine.opened.flow, run);
  const { events, results } = await engine.ended(run);
  expect(performance.now() - asked).toBeLessThan(2_000);
  expect(events.at(-1)?.name).toBe('run.cancelled');
  expect(results.get('m.1')?.status).toBe('skipped');
});

test('a map that a join goes on without takes its children along', async () => {
  const { run, results } = await engine.runToEnd(
    planOf({
      quick: { input_data: { ms: 30 } },
      m: overItems([{ hang: true }, { hang: true }]),
      j: { after: ['quick', 'm'], join: { min_fraction: 0.5 } },
    }),
  );
  expect(results.get('j')?.status).toBe('completed');
  for (const id of ['m', 'm.0', 'm.1'])
    expect(results.get(id)).toMatchObject({ status: 'skipped', error: { code: 'late' } });
  expect(callsOf(run)).not.toContain('m.2');
});

test('a paused run leaves its children where they are, and goes on with them', async () => {
  const run = await engine.submit(
    planOf({ gate: { input_data: { hold: true } }, m: { ...overItems([{}, {}]), after: ['gate'] } }),
  );
  await engine.eventOf(run, ({ name }) => name === 'task.started');
  await pauseRun(engine.opened.flow, run);
  seen.events.emit('release');
  const map = engine.opened.store.keys.run(run).parked;
  await eventually(async () => ((await engine.opened.store.redis.hlen(map)) === 1 ? true : undefined));
  expect(callsOf(run)).toEqual(['gate']);
  await resumeRun(engine.opened.flow, run);
  const { results } = await engine.ended(run);
  expect(JSON.parse(results.get('m')?.response ?? '')).toEqual(['m.0 done', 'm.1 done']);
});

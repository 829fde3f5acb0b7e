import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Problem } from '../../src/contracts/error.ts';
import { RunGraph } from '../../src/contracts/run-graph.ts';
import { Timeline } from '../../src/contracts/timeline.ts';
import { newRunId } from '../../src/orchestrator/run-id.ts';
import { openTestApi, type TestApi } from '../support/api.ts';
import { type Engine, openEngine } from '../support/engine.ts';
import { planOf } from '../support/plans.ts';
import { createTestRun } from '../support/store.ts';

let engine: Engine;
let door: TestApi;

beforeAll(async () => {
  engine = await openEngine();
  door = await openTestApi(engine.redis.url);
});

afterAll(async () => {
  await door[Symbol.asyncDispose]();
  await engine[Symbol.asyncDispose]();
});

const get = (path: string): Promise<Response> => fetch(`${door.url}/v1/runs/${path}`);
const timelineOf = async (run: string): Promise<Timeline> =>
  Timeline.parse(await (await get(`${run}/timeline`)).json());
const graphOf = async (run: string): Promise<RunGraph> => RunGraph.parse(await (await get(`${run}/graph`)).json());
const ms = (from: string | null | undefined, to: string | null | undefined): number =>
  Date.parse(to ?? '') - Date.parse(from ?? '');

const plan = planOf({
  a: { input_data: { ms: 30, words: ['one', 'two'] } },
  b: { after: ['a'], capability: 'search', input_data: { ms: 120, failFirst: 1 } },
  c: { after: ['a'], input_data: { ms: 40 } },
  d: { after: ['b'], behind: ['c'] },
  lost: { input_data: { fail: true }, retries: 0 },
  skipped: { after: ['lost'] },
});

describe('GET /v1/runs/:id/timeline', () => {
  test('tells of each task when it was queued, started, heard and ended, and by whom', async () => {
    const { run } = await engine.runToEnd(plan);
    const { tasks, ...whole } = await timelineOf(run);
    expect(tasks.map(({ task_id, status }) => `${task_id} ${status}`)).toEqual([
      'a completed',
      'b completed',
      'c completed',
      'd completed',
      'lost failed',
      'skipped skipped',
    ]);
    const [a, b, c, d, lost, skipped] = tasks;
    expect(ms(a?.queued_at, a?.started_at)).toBeGreaterThanOrEqual(0);
    expect(ms(a?.started_at, a?.first_token_at)).toBeGreaterThanOrEqual(29);
    expect(a?.metrics.duration_ms).toBeGreaterThanOrEqual(30);
    expect([b?.queued_at, c?.queued_at]).toEqual([a?.ended_at, a?.ended_at]);
    expect(b?.attempts.map(({ outcome }) => outcome)).toEqual(['failed', 'completed']);
    expect(new Set(b?.attempts.map(({ agent_id }) => agent_id))).toEqual(new Set(['search-1', 'search-2']));
    expect(b?.metrics.success_rate).toBe(0.5);
    expect(d?.queued_at).toBe(b?.ended_at);
    expect(lost?.attempts).toMatchObject([{ agent_id: 'custom-1', outcome: 'failed' }]);
    expect(skipped).toMatchObject({ started_at: null, attempts: [], metrics: { duration_ms: null } });
    expect(whole).toMatchObject({ run_id: run, complete: true });
    expect(whole.critical_path.map(({ task_id }) => task_id)).toEqual(['a', 'b', 'd']);
    expect(ms(whole.started_at, whole.ended_at)).toBeGreaterThanOrEqual(whole.makespan_ms ?? Number.NaN);
    expect(whole.parallel_speedup).toBeGreaterThan(1);
  });

  test("holds a map task's children", async () => {
    const items = [{ ms: 30 }, { ms: 10 }];
    const map = { kind: 'map', map: { over: { input: 'items' } }, input_data: { items } };
    const { run } = await engine.runToEnd(planOf({ m: map, z: { after: ['m'] } }));
    const { tasks, critical_path } = await timelineOf(run);
    expect(tasks.map(({ task_id, parent, status }) => [task_id, parent, status])).toEqual([
      ['m', null, 'completed'],
      ['m.0', 'm', 'completed'],
      ['m.1', 'm', 'completed'],
      ['z', null, 'completed'],
    ]);
    expect(critical_path.map(({ task_id }) => task_id)).toEqual(['m', 'z']);
  });

  test('names the worker of each attempt', async () => {
    const { run } = await engine.runToEnd(planOf({ a: {} }));
    const { tasks } = await timelineOf(run);
    expect(tasks[0]?.attempts[0]?.worker).toMatch(/./);
  });

  test('of a run that has only been accepted is empty', async () => {
    const run = await createTestRun(engine.opened.store);
    expect(await timelineOf(run)).toMatchObject({ complete: true, planned_at: null, ended_at: null, tasks: [] });
  });

  test('says that it is not complete when the beginning of the stream was trimmed', async () => {
    const { run } = await engine.runToEnd(plan);
    const { redis, keys } = engine.opened.store;
    await redis.xtrim(keys.run(run).events, 'MAXLEN', 3);
    const { complete, tasks } = await timelineOf(run);
    expect(complete).toBe(false);
    expect(tasks).toHaveLength(6);
  });
});

describe('GET /v1/runs/:id/graph', () => {
  test('gives nodes with their states and both kinds of edges', async () => {
    const { run } = await engine.runToEnd(plan);
    const { nodes, edges } = await graphOf(run);
    expect(nodes.map(({ task_id, status }) => `${task_id} ${status}`)).toContain('skipped skipped');
    expect(nodes[2]).toEqual({
      task_id: 'c',
      kind: 'agent',
      status: 'completed',
      description: 'do c',
      agent_id: 'custom-1',
      join: false,
      parent: null,
    });
    expect(edges).toContainEqual({ from: 'b', to: 'd', type: 'depends_on' });
    expect(edges).toContainEqual({ from: 'c', to: 'd', type: 'after' });
    expect(edges).toHaveLength(5);
  });

  test("hangs a map task's children on it", async () => {
    const map = { kind: 'map', map: { over: { input: 'items' } }, input_data: { items: [1, 2] } };
    const { run } = await engine.runToEnd(planOf({ m: map }));
    const { nodes } = await graphOf(run);
    expect(nodes.map(({ task_id, parent, status }) => [task_id, parent, status])).toEqual([
      ['m', null, 'completed'],
      ['m.0', 'm', 'completed'],
      ['m.1', 'm', 'completed'],
    ]);
  });

  test('is drawn as Mermaid text', async () => {
    const { run } = await engine.runToEnd(plan);
    const response = await get(`${run}/graph?format=mermaid`);
    expect(response.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    const text = await response.text();
    expect(text.split('\n')[0]).toBe('flowchart TD');
    expect(text).toContain('n0["a: do a"]:::completed');
    expect(text).toContain('n2 -.-> n3');
  });

  test('of a run without a plan has no nodes', async () => {
    const run = await createTestRun(engine.opened.store);
    expect(await graphOf(run)).toEqual({ run_id: run, nodes: [], edges: [] });
  });
});

test.each([
  ['an unknown run has no timeline', 'timeline', 404, 'run_not_found'],
  ['an unknown run has no graph', 'graph', 404, 'run_not_found'],
  ['an unknown run has no drawing', 'graph?format=mermaid', 404, 'run_not_found'],
  ['another format is refused', 'graph?format=svg', 422, 'invalid_request'],
])('%s', async (_title, path, status, code) => {
  const response = await get(`${newRunId()}/${path}`);
  expect([response.status, Problem.parse(await response.json()).code]).toEqual([status, code]);
});

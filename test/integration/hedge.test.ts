import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadCondition } from '../../src/registry/condition.ts';
import { seen } from '../support/agents/scripted.ts';
import { type Engine, openEngine } from '../support/engine.ts';
import { planOf } from '../support/plans.ts';
import { eventually } from '../support/processes.ts';

let engine: Engine;

beforeAll(async () => {
  engine = await openEngine();
});

afterAll(() => engine[Symbol.asyncDispose]());

const callsOf = (run: string) => seen.calls.filter(({ key }) => key.startsWith(run));

test('when the first agent says nothing in time a second one is called, and its answer counts once', async () => {
  const hedged = { capability: 'search', hedge_after_ms: 20, input_data: { hold: true, words: ['quick'] } } as const;
  const { run, results, events } = await engine.runToEnd(planOf({ a: hedged }));
  const [first, second] = callsOf(run);
  expect([first?.attempt, second?.attempt, first?.agent === second?.agent]).toEqual([1, 1, false]);
  expect(results.get('a')).toMatchObject({
    status: 'completed',
    response: 'quick',
    agent_id: second?.agent,
    attempts: 1,
  });
  const said = events.filter(({ task_id }) => task_id === 'a').map(({ name, agent_id }) => `${name} ${agent_id}`);
  expect(said).toContain(`task.hedged ${first?.agent}`);
  expect(said.filter((line) => line.startsWith('task.token'))).toEqual([`task.token ${second?.agent}`]);
  expect(said.at(-1)).toBe(`task.completed ${second?.agent}`);
  const { store } = engine.opened;
  const known = await eventually(async () => {
    const found = await loadCondition(store, ['search-1', 'search-2']);
    return found.size > 0 ? found : undefined;
  });
  expect([...known.keys()]).toEqual([second?.agent]);
});

test('an agent that answers in time is the only one called', async () => {
  const { run, events } = await engine.runToEnd(planOf({ a: { capability: 'search', hedge_after_ms: 5_000 } }));
  expect(callsOf(run)).toHaveLength(1);
  expect(events.some(({ name }) => name === 'task.hedged')).toBe(false);
});

test('without another agent the first one is waited for', async () => {
  const plan = planOf({ a: { capability: 'custom', hedge_after_ms: 10, input_data: { ms: 100 } } });
  const { run, results } = await engine.runToEnd(plan);
  expect(callsOf(run)).toHaveLength(1);
  expect(results.get('a')?.status).toBe('completed');
});

test('a pinned task is not hedged: nobody else may take it', async () => {
  const pinned = { capability: 'search', agent: 'search-1', hedge_after_ms: 10, input_data: { ms: 100 } } as const;
  const { run } = await engine.runToEnd(planOf({ a: pinned }));
  expect(callsOf(run).map(({ agent }) => agent)).toEqual(['search-1']);
});

test('when both fail the task goes on as after any failed call', async () => {
  const failing = { capability: 'search', hedge_after_ms: 10, retries: 0, input_data: { ms: 60, fail: true } } as const;
  const { run, results } = await engine.runToEnd(planOf({ a: failing }));
  expect(callsOf(run)).toHaveLength(2);
  expect(results.get('a')).toMatchObject({ status: 'failed', error: { code: 'agent_failed' } });
});

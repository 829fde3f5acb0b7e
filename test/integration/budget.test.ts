import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { BudgetView } from '../../src/contracts/budget.ts';
import type { StreamEvent } from '../../src/contracts/event.ts';
import { RunOptions } from '../../src/contracts/run-options.ts';
import { loadBudget } from '../../src/journal/load-budget.ts';
import { submitRun } from '../../src/orchestrator/submit-run.ts';
import { costOfCall, paid } from '../support/agents/paid.ts';
import { openTestApi } from '../support/api.ts';
import { type Engine, openEngine } from '../support/engine.ts';
import { planOf, type TaskSketch } from '../support/plans.ts';
import { openScriptedModel, say, usage } from '../support/scripted-model.ts';

const agents = [fileURLToPath(new URL('../support/agents/paid.ts', import.meta.url))];

let engine: Engine;

beforeAll(async () => {
  engine = await openEngine({ agents });
});

afterAll(() => engine[Symbol.asyncDispose]());

/** `count` tasks that depend on nothing. */
const flat = (count: number, sketch: TaskSketch = {}) =>
  planOf(Object.fromEntries(Array.from({ length: count }, (_, at) => [`t${at}`, sketch])));
const callsOf = (run: string) => paid.calls.filter((key) => key.startsWith(run));
const updatesOf = (events: readonly StreamEvent[]) =>
  events.filter(({ name }) => name === 'budget.updated').map(({ detail }) => BudgetView.parse(detail));
const ledgerOf = (run: string) => loadBudget(engine.opened.store, run);

test('50 parallel tasks at the cap: no call begins beyond it, the ledger is what the agents used, the run ends partial', async () => {
  const { run, events, record, results } = await engine.runToEnd(flat(50), { budget: { max_tokens: 2_050 } });
  expect(callsOf(run)).toHaveLength(21); // 20 fit, and the last one goes over by less than itself
  expect(await ledgerOf(run)).toMatchObject({ spent: { tokens: 2_100 }, reserved: { tokens: 0, cost: 0 } });

  const statuses = [...results.values()].map(({ status, error }) => error?.code ?? status).toSorted();
  expect(statuses).toEqual([...Array(29).fill('budget_exhausted'), ...Array(21).fill('completed')]);
  expect(record).toMatchObject({ status: 'completed', partial: '1' });
  expect(record.response?.split('\n\n')).toHaveLength(21);
  expect(record.warnings?.at(-1)).toMatch(/^The results were not merged .* budget/);
  expect(events.at(-1)).toMatchObject({ name: 'run.completed', detail: { partial: true } });

  const updates = updatesOf(events);
  expect(updates.map(({ spent }) => spent.tokens)).toEqual(Array.from({ length: 21 }, (_, at) => 100 * (at + 1)));
  expect(
    Math.max(...updates.slice(0, -1).map(({ spent, reserved }) => spent.tokens + reserved.tokens)),
  ).toBeLessThanOrEqual(2_100);
  const started = events.filter(({ name, task_id }) => name === 'task.started' && task_id !== 'root');
  expect(started).toHaveLength(21); // who waits for money, or gets none, announces no start
});

test('when all tasks have completed and only the synthesis is not paid for, the joined results lack nothing', async () => {
  const { record, results } = await engine.runToEnd(flat(2), { budget: { max_tokens: 200 } });
  expect([...results.values()].map(({ status }) => status)).toEqual(['completed', 'completed']);
  expect(record.status).toBe('completed');
  expect(record.response?.split('\n\n')).toHaveLength(2);
  expect(record.partial).toBeUndefined();
  expect(record.warnings).toEqual([expect.stringMatching(/^The results were not merged .* budget/)]);
});

test('a cap in money holds in the same way, and a result says what it cost', async () => {
  const { run, results, events } = await engine.runToEnd(flat(12), { budget: { max_cost: 0.055 } });
  expect(callsOf(run)).toHaveLength(6);
  const costs = [...results.values()].map(({ cost }) => cost).filter((cost) => cost !== null);
  expect(costs).toEqual(Array(6).fill(costOfCall));
  const ledger = {
    max_tokens: null,
    max_cost: 0.055,
    spent: { tokens: 600, cost: 0.06 },
    reserved: { tokens: 0, cost: 0 },
  };
  expect(await ledgerOf(run)).toEqual(ledger);
  expect(updatesOf(events).at(-1)).toEqual(ledger);
});

test('a budget that is not reached changes nothing but the ledger: the synthesis is paid too', async () => {
  const { run, record } = await engine.runToEnd(flat(2), { budget: { max_tokens: 10_000 } });
  expect(record).toMatchObject({ status: 'completed', response: 'the answer' });
  expect(record.partial).toBeUndefined();
  expect((await ledgerOf(run))?.spent.tokens).toBe(200 + 1_000); // this model does not count: it is charged what was set aside
});

test('a failed call gives back what was set aside for it', async () => {
  const { run, results } = await engine.runToEnd(flat(1, { input_data: { failFirst: 1 } }), {
    budget: { max_cost: 1 },
  });
  expect(results.get('t0')).toMatchObject({ status: 'completed', attempts: 2 });
  expect(callsOf(run)).toHaveLength(2);
  expect(await ledgerOf(run)).toMatchObject({ spent: { cost: costOfCall }, reserved: { tokens: 0, cost: 0 } });
});

test('an agent that does not say what it used is charged what was set aside for it', async () => {
  const { run } = await engine.runToEnd(flat(5, { input_data: { silent: true } }), { budget: { max_tokens: 250 } });
  expect(callsOf(run)).toHaveLength(3);
  expect((await ledgerOf(run))?.spent).toEqual({ tokens: 300, cost: 0.048 });
});

test('a run without a budget has no ledger', async () => {
  const { run } = await engine.runToEnd(flat(1));
  expect(await ledgerOf(run)).toBeNull();
  expect(await engine.opened.store.redis.exists(engine.opened.store.keys.run(run).budget)).toBe(0);
});

test('planning is paid: a repair that the budget does not allow fails the run, and what was used is in the ledger', async () => {
  await using model = await openScriptedModel([say('no plan')]);
  await using own = await openEngine({ agents, env: model.env });
  const options = RunOptions.parse({ budget: { max_tokens: 5 } });
  const { run } = await submitRun(own.opened.flow, { query: 'a query', metadata: {}, options });
  const { record } = await own.ended(run);
  expect(record).toMatchObject({ status: 'failed', error: { code: 'budget_exhausted' } });
  expect(model.asked()).toHaveLength(1);
  expect((await loadBudget(own.opened.store, run))?.spent.tokens).toBe(usage.total_tokens);
});

test.each([
  ['a negative budget', { max_tokens: -1 }],
  ['a budget of nothing', { max_cost: 0 }],
  ['a budget without a bound', {}],
  ['half a token', { max_tokens: 1.5 }],
])('the API refuses %s', async (_, budget) => {
  await using api = await openTestApi(engine.redis.url);
  const response = await fetch(`${api.url}/v1/runs`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query: 'x', options: { budget } }),
  });
  expect(response.status).toBe(422);
  expect(JSON.stringify(await response.json())).toContain('options.budget');
});

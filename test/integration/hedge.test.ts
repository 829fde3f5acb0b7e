import { afterAll, beforeAll, expect, test } from 'vitest';
import { defaults } from '../../src/contracts/limits.ts';
import { loadBudget } from '../../src/journal/load-budget.ts';
import { cancelRun } from '../../src/orchestrator/cancel-run.ts';
import { loadCondition } from '../../src/registry/condition.ts';
import { openRegistry } from '../../src/registry/registry.ts';
import { seen } from '../support/agents/scripted.ts';
import { agentOf, conditionOf } from '../support/choosing.ts';
import { type Engine, openEngine } from '../support/engine.ts';
import { planOf } from '../support/plans.ts';
import { eventually } from '../support/processes.ts';
import { openScriptedServer, type Script } from '../support/scripted-server.ts';

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

test('of a hedged task the answer that counts is paid, and nothing else', async () => {
  const hedged = { capability: 'search', hedge_after_ms: 20, input_data: { hold: true } } as const;
  const { run, results } = await engine.runToEnd(planOf({ a: hedged }), { budget: { max_tokens: 100_000 } });
  expect([callsOf(run).length, results.get('a')?.status]).toEqual([2, 'completed']);
  // Neither the agents nor the model of the answer say what they used.
  expect(await loadBudget(engine.opened.store, run)).toMatchObject({
    spent: { tokens: 2 * defaults.reserveTokens },
    reserved: { tokens: 0 },
  });
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

test('the call that is not needed gives its slot back at once, while the other goes on', async () => {
  const silence = Promise.withResolvers<void>();
  await using slow = await openScriptedServer(() => silence.promise);
  await using quick = await openScriptedServer((response, { path }) => {
    if (path === '/health') return void response.end('ok');
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write('data: {"type":"token","token":"a word"}\n\n'); // and no end for now
  });
  const { store } = engine.opened;
  const registry = openRegistry(store);
  const limited = { capabilities: ['data_analysis'], max_concurrent_tasks: 1 };
  const about = { ...limited, streaming_mode: 'dynamic_events' };
  await registry.put(agentOf('slow', { ...about, endpoint: slow.url, priority: 2 }));
  await registry.put(agentOf('quick', { ...about, endpoint: quick.url, priority: 1 }));
  const hedged = { capability: 'data_analysis', hedge_after_ms: 10 } as const;
  const run = await engine.submit(planOf({ a: hedged }));
  await engine.eventOf(run, ({ name }) => name === 'task.token');
  await slow.received[0]?.closed;
  await eventually(async () => ((await conditionOf(store, 'slow')).busy === 0 ? true : undefined));
  expect((await conditionOf(store, 'quick')).busy).toBe(1);
  await cancelRun(engine.opened.flow, run);
  await engine.ended(run);
  for (const id of ['slow', 'quick']) await registry.remove(id);
});

test('of twenty hedged tasks at once none calls more than one agent more, each has one result, and no loser keeps its slot', async () => {
  const tasks = Array.from({ length: 20 }, (_, number) => `${['silent', 'quick', 'even'][number % 3]}-${number}`);
  const calls = new Map<string, number>();
  const losers: Promise<void>[] = [];
  const seconds = new Map(tasks.map((task) => [task, Promise.withResolvers<void>()]));
  // Of a silent task the first call is never answered; of an even one both are, at the same moment; of a quick one the first is, at once.
  const answer: Script = async (response, { path, headers, closed }) => {
    if (path === '/health') return void response.end('ok');
    const task = String(headers['idempotency-key']).split('.').at(-1) ?? '';
    const count = (calls.get(task) ?? 0) + 1;
    calls.set(task, count);
    if (count > 1) seconds.get(task)?.resolve();
    else if (task.startsWith('silent')) return void losers.push(closed);
    else if (task.startsWith('even')) await seconds.get(task)?.promise;
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ response: `of ${task}` }));
  };
  await using left = await openScriptedServer(answer);
  await using right = await openScriptedServer(answer);
  const { store } = engine.opened;
  const registry = openRegistry(store);
  const limited = { capabilities: ['summarization'], max_concurrent_tasks: tasks.length };
  await registry.put(agentOf('left', { ...limited, endpoint: left.url }));
  await registry.put(agentOf('right', { ...limited, endpoint: right.url }));
  const ofOurs = { capability: 'summarization', not_agents: ['summarization-1'] } as const;
  const hedged = { ...ofOurs, hedge_after_ms: 50, retries: 0 };
  const { results, events } = await engine.runToEnd(planOf(Object.fromEntries(tasks.map((task) => [task, hedged]))));

  for (const task of tasks) {
    expect(results.get(task), task).toMatchObject({ status: 'completed', response: `of ${task}`, attempts: 1 });
    expect(calls.get(task), task).toBeLessThanOrEqual(2);
    if (!task.startsWith('quick')) expect(calls.get(task), task).toBe(2);
    const told = events.filter(({ task_id }) => task_id === task).map(({ name }) => name);
    expect(told.filter((name) => name === 'task.completed' || name === 'task.failed')).toEqual(['task.completed']);
    // A second call may have been announced and not have begun, when the first answered in that moment.
    const hedges = told.filter((name) => name === 'task.hedged').length;
    expect([(calls.get(task) ?? 0) - 1, 1], task).toContain(hedges);
  }
  await Promise.all(losers);
  for (const id of ['left', 'right']) {
    await eventually(async () => ((await conditionOf(store, id)).busy === 0 ? true : undefined));
    await registry.remove(id);
  }
});

test('a call that failed beside a good answer counts for its agent, and for nothing else', async () => {
  const failing = { capability: 'search', hedge_after_ms: 20, input_data: { ms: 80, failFirst: 1 } } as const;
  const { run, results, events } = await engine.runToEnd(planOf({ a: failing }));
  const [first, second] = callsOf(run);
  expect(callsOf(run)).toHaveLength(2);
  expect(results.get('a')).toMatchObject({ status: 'completed', agent_id: second?.agent, attempts: 1 });
  expect(events.some(({ name }) => name === 'task.retrying')).toBe(false);
  const { store } = engine.opened;
  const failed = await eventually(async () => {
    const { record } = await conditionOf(store, first?.agent ?? '');
    return record.success < 1 ? true : undefined;
  });
  expect(failed).toBe(true);
  expect((await conditionOf(store, second?.agent ?? '')).record.success).toBe(1);
});

test('both calls count as failed ones, so that retries do not multiply', async () => {
  const failing = { capability: 'search', hedge_after_ms: 10, retries: 1, input_data: { ms: 60, fail: true } } as const;
  const { run, results } = await engine.runToEnd(planOf({ a: failing }));
  expect(callsOf(run)).toHaveLength(2);
  expect(results.get('a')).toMatchObject({ status: 'failed', attempts: 1 });
  const again = await engine.runToEnd(planOf({ a: { ...failing, retries: 2 } }));
  expect(callsOf(again.run)).toHaveLength(3);
  const told = await engine.opened.store.redis.hget(engine.opened.store.keys.run(again.run).tasks, 'a:failures');
  expect(told?.split(',').toSorted()).toEqual(['search-1', 'search-2']);
});

test('when both fail the task goes on as after any failed call', async () => {
  const failing = { capability: 'search', hedge_after_ms: 10, retries: 0, input_data: { ms: 60, fail: true } } as const;
  const { run, results } = await engine.runToEnd(planOf({ a: failing }));
  expect(callsOf(run)).toHaveLength(2);
  expect(results.get('a')).toMatchObject({ status: 'failed', error: { code: 'agent_failed' } });
});

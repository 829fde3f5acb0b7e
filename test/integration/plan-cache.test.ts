// The plan of an equal query is used again: without a call of the model, never from other agents, never when it went wrong.
import { expect, test } from 'vitest';
import { AgentDescriptor } from '../../src/contracts/agent.ts';
import { type Decision, partsOf } from '../../src/contracts/interrupt.ts';
import { decideInterrupt } from '../../src/orchestrator/interrupts.ts';
import { filePlan, findCachedPlan } from '../../src/orchestrator/plan-from-cache.ts';
import { newRunId } from '../../src/orchestrator/run-id.ts';
import { viewRun } from '../../src/orchestrator/view-run.ts';
import { openRegistry } from '../../src/registry/registry.ts';
import { type Asked, type Asking, openAsking, planner, written } from '../support/asking.ts';
import { eventually } from '../support/processes.ts';
import { refuse, say } from '../support/scripted-model.ts';
import { useTestStore } from '../support/use-store.ts';

const used = useTestStore();
const env = { BATON_PLAN_CACHE_TTL_MS: '60000' };

/** Requests for a plan; the others are for answers. */
const plansAsked = ({ requests }: Asked): number => requests.filter(({ stream }) => stream !== true).length;
const readyOf = ({ events }: Asked) => events.flatMap((event) => (event.name === 'plan.ready' ? [event] : []))[0];
const tasksOf = ({ view }: Asked) => view.plan?.sub_tasks.map(({ task_id, description }) => [task_id, description]);

/** A query of its own for each test: they share a Redis. */
let count = 0;
function newQuery(): string {
  count += 1;
  return `query number ${count}`;
}

async function askTwice(asking: Asking, one: object, other: object = one): Promise<readonly [Asked, Asked]> {
  return [await asking.ask(one), await asking.ask(other)];
}

test('an equal query gets the plan of the one before, and no model is asked for it', async () => {
  await using asking = await openAsking(used, { answer: planner('search'), env });
  const query = newQuery();
  const [first, second] = await askTwice(asking, { query }, { query: `  ${query.replaceAll(' ', '   ')}\n` });
  expect([plansAsked(first), plansAsked(second)]).toEqual([1, 0]);
  expect(second.view.model_calls).toBe(1);
  expect(tasksOf(second)).toEqual(tasksOf(first));
  expect(second.view).toMatchObject({ status: 'completed', response: 'the answer', plan: { plan_id: second.run } });
  expect(second.view.plan?.original_query).toBe(second.view.query);
  expect(readyOf(first)?.detail.cached).toBeUndefined();
  expect(readyOf(second)?.detail.cached).toEqual({ from: first.run, age_ms: expect.any(Number) });
  expect(second.view.usage?.total_tokens ?? 0).toBeLessThan(first.view.usage?.total_tokens ?? 0);
});

test('a route that is known costs no call at all', async () => {
  const route = { agent: null, capability: 'search', input_data: [], reason: 'it fits' };
  await using asking = await openAsking(used, { answer: () => say(JSON.stringify(route)), env });
  const [, second] = await askTwice(asking, { query: newQuery(), strategy: 'route' });
  expect([second.requests.length, second.view.model_calls]).toEqual([0, 0]);
  expect(second.view).toMatchObject({ response: 't1 done', strategy: { used: 'route' } });
});

test.each([
  ['another query', {}, { query: 'something else' }],
  ['another strategy', {}, { strategy: { name: 'team' } }],
  ['a run that wants nothing from a cache', {}, { options: { cache: false } }],
  ['a query after one that left nothing in the cache', { options: { cache: false } }, {}],
])('%s is planned anew', async (_, one, other) => {
  const team = { role: null, complexity: 'low', domain: '' };
  const task = { task_id: 't1', description: 'd', required_capability: 'search', input_data: [], depends_on: [] };
  const plan = say(JSON.stringify({ reasoning: '', sub_tasks: [{ ...task, ...team }] }));
  await using asking = await openAsking(used, {
    answer: (_number, body) => (body.stream === true ? written : plan),
    env,
  });
  const query = newQuery();
  const [first, second] = await askTwice(asking, { query, ...one }, { query, ...other });
  expect([plansAsked(first), plansAsked(second)]).toEqual([1, 1]);
});

test('what a session has come to meanwhile makes a query another one', async () => {
  await using asking = await openAsking(used, { answer: planner('search'), env });
  const [first, second] = await askTwice(asking, { query: newQuery(), session_id: 's1' });
  expect([plansAsked(first), plansAsked(second)]).toEqual([1, 1]);
});

test('agents that come, change or go make other plans; when all is as it was, so is the plan', async () => {
  await using asking = await openAsking(used, { answer: planner('search'), env });
  const registry = openRegistry(used.store);
  const extra = (description: string) =>
    AgentDescriptor.parse({
      ...{ agent_id: 'extra', name: 'Extra', capabilities: ['custom'], description, priority: -5 },
      ...{ streaming_mode: 'static', static_response: 'fixed' },
    });
  const query = newQuery();
  const first = await asking.ask({ query });
  await registry.put(extra('one'));
  const withAgent = await asking.ask({ query });
  await registry.put(extra('two'));
  const changed = await asking.ask({ query });
  await registry.remove('extra');
  const without = await asking.ask({ query });
  expect([first, withAgent, changed, without].map(plansAsked)).toEqual([1, 1, 1, 0]);
});

test('what the agents do meanwhile does not make a query another one', async () => {
  await using asking = await openAsking(used, { answer: planner('search'), env });
  const query = newQuery();
  await asking.ask({ query });
  await eventually(async () => {
    const history = (await openRegistry(used.store).find('search-1'))?.history?.search;
    return (history?.done ?? 0) > 0 || undefined;
  });
  expect(plansAsked(await asking.ask({ query }))).toBe(0);
});

test('a plan whose run did not come to a whole answer is not used again', async () => {
  const task = (task_id: string, input: object) => ({
    ...{ task_id, description: 'd', required_capability: 'search', depends_on: [] },
    input_data: Object.entries(input).map(([name, value]) => ({ name, value })),
  });
  const hanging = say(JSON.stringify({ reasoning: '', sub_tasks: [task('t1', {}), task('t2', { ms: 60_000 })] }));
  const answer = (_number: number, body: Record<string, unknown>) => (body.stream === true ? written : hanging);
  await using asking = await openAsking(used, { answer, env });
  const [first, second] = await askTwice(asking, { query: newQuery(), options: { deadline_ms: 500 } });
  expect(first.view.partial).toBe(true);
  expect([plansAsked(first), plansAsked(second)]).toEqual([1, 1]);
});

test('nothing is kept of a run whose planning had failed before', { timeout: 20_000 }, async () => {
  const answer = (number: number, body: object) =>
    number === 0 ? refuse(503, 'not now') : planner('search')(number, { ...body });
  await using asking = await openAsking(used, { answer, env });
  const [first, second] = await askTwice(asking, { query: newQuery() });
  expect([plansAsked(first), plansAsked(second)]).toEqual([2, 1]);
});

const damages: readonly [string, (text: string) => string][] = [
  ['that could not run', (text) => text.replaceAll('"depends_on":[]', '"depends_on":["nobody"]')],
  ['of another form', () => '{"plan": 1}'],
  ['that is cut off', (text) => text.slice(0, -1)],
];

test.each(damages)('a plan in the cache %s is no plan', async (_, damage) => {
  await using asking = await openAsking(used, { answer: planner('search'), env });
  const query = newQuery();
  const { run } = await asking.ask({ query });
  const { redis, keys } = used.store;
  const entries = Object.entries(await redis.hgetall(keys.cachedPlans));
  const [digest, text] = entries.find(([, each]) => each.includes(run)) ?? ['', ''];
  expect(damage(text)).not.toBe(text);
  await redis.hset(keys.cachedPlans, digest, damage(text));
  const second = await asking.ask({ query });
  expect(plansAsked(second)).toBe(1);
  expect(second.view.status).toBe('completed');
});

test.each([
  ['0', 'none is kept, and none is used'],
  ['1', 'an old plan is no plan'],
])('with a time of %s ms %s', async (ttlMs) => {
  const query = newQuery();
  {
    await using asking = await openAsking(used, { answer: planner('search'), env });
    await asking.ask({ query });
  }
  const { redis, keys } = used.store;
  const before = await redis.hlen(keys.cachedPlans);
  await using asking = await openAsking(used, {
    answer: planner('search'),
    env: { BATON_PLAN_CACHE_TTL_MS: ttlMs },
  });
  expect(plansAsked(await asking.ask({ query }))).toBe(1);
  expect(await redis.hlen(keys.cachedPlans)).toBeLessThanOrEqual(before);
});

/** Decides the one question about a plan that comes up. */
async function decidePlan(decide: (content: string) => Pick<Decision, 'decision' | 'content'>): Promise<void> {
  const { redis, keys } = used.store;
  const id = await eventually(async () => (await redis.zrange(keys.interrupts, 0, '-1'))[0]);
  const [question] = (await viewRun(used.store, partsOf(id).run))?.interrupts ?? [];
  if (question === undefined) throw new Error('there is no question');
  await decideInterrupt(used.flow, id, { hash: question.hash, reason: '', ...decide(question.content) });
}

const askedAbout = { options: { interrupt_before: ['plan'] } };

test('a human who is asked about the plan is asked about a known one too, and its run says whose it was', async () => {
  await using asking = await openAsking(used, { answer: planner('search'), env });
  const query = newQuery();
  const first = await asking.ask({ query });
  const asked = asking.ask({ query, ...askedAbout });
  await decidePlan(() => ({ decision: 'approve' }));
  const second = await asked;
  expect(plansAsked(second)).toBe(0);
  expect(readyOf(second)?.detail.cached?.from).toBe(first.run);
});

test('what a human makes of a plan stays with its run: an equal query gets the plan as the model made it', async () => {
  await using asking = await openAsking(used, { answer: planner('search'), env });
  const query = newQuery();
  const asked = asking.ask({ query, ...askedAbout });
  await decidePlan((content) => ({ decision: 'edit', content: JSON.parse(content.replaceAll('do 1', 'edited')) }));
  const edited = await asked;
  const second = await asking.ask({ query });
  expect(tasksOf(edited)).toEqual([['t1', 'edited']]);
  expect([plansAsked(second), tasksOf(second)]).toEqual([0, [['t1', 'do 1']]]);
});

test('a plan that a human has rejected is not used again', async () => {
  await using asking = await openAsking(used, { answer: planner('search'), env });
  const query = newQuery();
  const asked = asking.ask({ query, ...askedAbout });
  await decidePlan(() => ({ decision: 'reject' }));
  expect((await asked).view.status).toBe('failed');
  expect(plansAsked(await asking.ask({ query }))).toBe(1);
});

test('a worker that takes a planning over finds the plan that was made for the run, and it stays its own', async () => {
  await using asking = await openAsking(used, { answer: planner('search') });
  const { view } = await asking.ask({ query: newQuery() });
  if (view.plan === null) throw new Error('the run has no plan');
  const filing = { digest: 'd', ttlMs: 60_000, run: view.run_id, query: view.query };
  const usage = { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 };
  await filePlan(used.store, filing, { plan: view.plan, usage });
  expect(await findCachedPlan(used.store, filing)).toEqual({ plan: view.plan, usage });
  const other = { ...filing, run: newRunId() };
  expect(await findCachedPlan(used.store, other)).toMatchObject({ usage: null, cached: { from: view.run_id } });
});

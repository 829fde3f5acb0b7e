// What becomes of failing agents' work over two workers, counted at real HTTP agents.
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Capability } from '../../src/contracts/agent.ts';
import { defaults } from '../../src/contracts/limits.ts';
import { claimTask } from '../../src/journal/claim.ts';
import { cancelRun } from '../../src/orchestrator/cancel-run.ts';
import { CHANGES_START, loadChanges } from '../../src/registry/agent-events.ts';
import { openRegistry } from '../../src/registry/registry.ts';
import { agentOf, conditionOf } from '../support/choosing.ts';
import { type Engine, openEngine, type Ran } from '../support/engine.ts';
import { planOf, type TaskSketch } from '../support/plans.ts';
import { eventually } from '../support/processes.ts';
import { openScriptedServer, type Script } from '../support/scripted-server.ts';
import { eventsOfEndedRun } from '../support/store.ts';
import { startTestWorker } from '../support/worker.ts';

let engine: Engine;
let second: AsyncDisposable;

const breakers = { BATON_BREAKER_FAILURES: '5', BATON_BREAKER_OPEN_MS: '500' };

beforeAll(async () => {
  engine = await openEngine({ agents: [], env: breakers });
  second = await startTestWorker({ redisUrl: engine.redis.url, concurrency: 100, agents: [], env: breakers });
});

afterAll(async () => {
  await second[Symbol.asyncDispose]();
  await engine[Symbol.asyncDispose]();
});

type Answer = Parameters<Script>[0];
const ok = (response: Answer) =>
  void response.writeHead(200, { 'content-type': 'application/json' }).end('{"response":"done"}');
const fail = (response: Answer) =>
  void response.writeHead(500, { 'content-type': 'application/json' }).end('{"error":"no"}');

/** A registered agent that says it is healthy, and answers calls like this; counts them. */
async function openAgent(
  agent_id: string,
  capability: Capability,
  answer: (response: Answer) => void | Promise<void>,
  fields = {},
) {
  let calls = 0;
  const server = await openScriptedServer((response, { path }) => {
    if (path === '/health') return ok(response);
    calls += 1;
    return answer(response);
  });
  const agent = agentOf(agent_id, { endpoint: server.url, capabilities: [capability], ...fields });
  await openRegistry(engine.opened.store).put(agent);
  return { agent_id, calls: () => calls, [Symbol.asyncDispose]: server[Symbol.asyncDispose] };
}

const tasks = (count: number, sketch: TaskSketch) =>
  planOf(Object.fromEntries(Array.from({ length: count }, (_, index) => [`t${index}`, sketch])));

/** The failed calls of an agent that a run tells of: retried ones, and those that its results name. */
function failuresTold({ events, results }: Ran, agent_id: string): number {
  const retried = events.filter((event) => event.name === 'task.retrying' && event.agent_id === agent_id);
  const final = [...results.values()].filter((result) => result.agent_id === agent_id && result.status === 'failed');
  return retried.length + final.length;
}

test('an agent that says it is healthy and always fails loses its work to another one, whatever its priority', async () => {
  await using bad = await openAgent('bad', 'search', fail, { priority: 100 });
  await using good = await openAgent('good', 'search', ok);
  const first = await engine.runToEnd(tasks(30, { capability: 'search' }));
  expect([...first.results.values()].every(({ status }) => status === 'completed')).toBe(true);
  expect(bad.calls()).toBe(failuresTold(first, 'bad'));
  const { store } = engine.opened;
  // Told once and for all, where the breaker itself is open for half a second only.
  const isToldOf = async () =>
    (await loadChanges(store, CHANGES_START, 1_000)).changes.some(
      ({ name, agent_id }) => name === 'agent.broken' && agent_id === 'bad',
    );
  await eventually(async () => ((await isToldOf()) ? true : undefined), 3_000);

  const [before, goodBefore] = [bad.calls(), good.calls()];
  // Both workers' knowledge may be a second old; after that nobody calls it.
  const later = await eventually(async () => {
    const ran = await engine.runToEnd(tasks(4, { capability: 'search' }));
    return ran.events.some((event) => event.name === 'task.retrying') ? undefined : ran;
  });
  const selected = later.events.find((event) => event.name === 'agent.selected');
  expect(selected).toMatchObject({
    agent_id: 'good',
    detail: { candidates: [{ agent_id: 'good' }, { agent_id: 'bad', eligible: false, score: null }] },
  });
  expect(bad.calls() - before).toBeLessThan(4);
  expect(good.calls()).toBeGreaterThan(goodBefore);
  expect((await conditionOf(store, 'bad')).record.success).toBe(0);
});

test('calls at an agent that always fails equal what its tasks tell, and no task has more than it may', {
  timeout: 60_000,
}, async () => {
  await using only = await openAgent('only', 'translation', fail);
  const plan = planOf({
    ...Object.fromEntries([0, 1, 2, 3].map((retries) => [`r${retries}`, { capability: 'translation', retries }])),
    pinned: { capability: 'translation', agent: 'only' },
  });
  const run = await engine.submit(plan);
  await eventsOfEndedRun(engine.opened, run, 50_000);
  const ran = await engine.ended(run);
  expect(only.calls()).toBe(failuresTold(ran, 'only'));
  for (const retries of [0, 1, 2, 3]) {
    const told = ran.events.filter((event) => event.task_id === `r${retries}` && event.name === 'task.retrying');
    expect(told.length).toBeLessThanOrEqual(retries);
  }
  // The breaker opened at the fifth failure in a row: later calls are trials, one at a time.
  expect(only.calls()).toBeGreaterThanOrEqual(defaults.breakerFailures);
  expect(only.calls()).toBeLessThanOrEqual(1 + 2 + 3 + 4 + 3);
});

test('twenty tasks wait for an agent whose breaker is open; one of them tries it, and then all go on', {
  timeout: 60_000,
}, async () => {
  let [serves, running, most] = [false, 0, 0];
  const trial = Promise.withResolvers<void>();
  await using agent = await openAgent('recovers', 'custom', async (response) => {
    if (!serves) return fail(response);
    running += 1;
    most = Math.max(most, running);
    await trial.promise;
    running -= 1;
    ok(response);
  });
  await engine.runToEnd(tasks(8, { capability: 'custom', retries: 0 }));
  const { store } = engine.opened;
  await eventually(async () => ((await conditionOf(store, 'recovers')).broken ? true : undefined), 3_000);
  await pause(1_100); // what workers know of agents may be a second old
  serves = true;
  const before = agent.calls();
  const runs = await Promise.all([1, 2].map(() => engine.submit(tasks(10, { capability: 'custom' }))));
  await eventually(() => (running > 0 ? true : undefined), 15_000);
  await pause(500); // time enough for all of them to look again
  expect([agent.calls() - before, most]).toEqual([1, 1]);
  trial.resolve();
  for (const run of runs) {
    const { results } = await engine.ended(run);
    const odd = [...results.values()].filter(({ status, attempts }) => status !== 'completed' || attempts !== 1);
    expect(odd).toEqual([]);
  }
  expect(agent.calls() - before).toBe(20);
});

test.each([
  ['a failure of an attempt that owns its task is counted', { overtaken: false, answer: fail }],
  ['a failure of an attempt that was overtaken is not', { overtaken: true, answer: fail }],
  ['an answer to an attempt that was overtaken is not counted either', { overtaken: true, answer: ok }],
])('%s', async (_, { overtaken, answer }) => {
  const { store } = engine.opened;
  const capability = overtaken ? 'summarization' : 'data_analysis';
  const id = `${overtaken ? 'stale' : 'current'}-${answer.name}`;
  const called = Promise.withResolvers<Answer>();
  await using agent = await openAgent(id, capability, called.resolve); // answers its first call, when told
  await using other = await openAgent(`${id}-other`, capability, ok, { priority: -1 });
  await pause(1_100); // what workers know of agents may be a second old
  const run = await engine.submit(planOf({ a: { capability, retries: 0, agent: id } }));
  const response = await called.promise;
  if (overtaken) {
    const claim = { run, task: 'a', token: randomUUID(), dependencies: [], needed: 0, announce: [] };
    expect(await claimTask(store, claim)).toMatchObject({ epoch: 2 });
  }
  answer(response);
  if (!overtaken) await engine.ended(run);
  // A failed one comes back at once, and is called again by its new owner's job.
  else if (answer === fail) await eventually(() => (agent.calls() === 2 ? true : undefined));
  // What both workers have known by then is counted once these are.
  await engine.runToEnd(tasks(20, { capability, agent: other.agent_id }));
  await eventually(async () => ((await conditionOf(store, other.agent_id)).record.weight > 19.5 ? true : undefined));
  expect((await conditionOf(store, id)).record.weight).toBeCloseTo(overtaken ? 0 : 1, 1);
  await cancelRun(engine.opened.flow, run);
});

test('a task prefers the agent whose skills match its domain', async () => {
  await using general = await openAgent('general', 'code_generation', ok, { priority: 10 });
  await using market = await openAgent('market', 'code_generation', ok, { skills: ['Market research'] });
  const { results, events } = await engine.runToEnd(
    planOf({
      matched: { capability: 'code_generation', domain: 'market' },
      other: { capability: 'code_generation', domain: 'technical' },
      plain: { capability: 'code_generation' },
    }),
  );
  expect(Object.fromEntries([...results].map(([id, { agent_id }]) => [id, agent_id]))).toEqual({
    matched: 'market',
    other: 'general',
    plain: 'general',
  });
  expect([general.calls(), market.calls()]).toEqual([2, 1]);
  const selected = events.find((event) => event.name === 'agent.selected' && event.task_id === 'matched');
  expect(selected).toMatchObject({
    detail: {
      considered: 2,
      candidates: [
        { agent_id: 'market', parts: { domain: 1, level: 1 } },
        { agent_id: 'general', parts: { domain: 0, level: 0 } },
      ],
    },
  });
});

test('urgent work goes to the primary pool, the rest to the secondary one, each to the other where its own is not there', async () => {
  await using primary = await openAgent('primary', 'text_generation', ok, { pool: 'primary' });
  await using secondary = await openAgent('secondary', 'text_generation', ok, { pool: 'secondary', priority: 10 });
  const run = (priority: 'high' | 'normal') =>
    engine.runToEnd(tasks(2, { capability: 'text_generation' }), { priority });
  const agentsOf = ({ results }: Ran) => [...results.values()].map(({ agent_id }) => agent_id);
  expect(agentsOf(await run('high'))).toEqual(['primary', 'primary']);
  expect(agentsOf(await run('normal'))).toEqual(['secondary', 'secondary']);
  await openRegistry(engine.opened.store).remove('secondary');
  const fallen = await eventually(async () => {
    const agents = agentsOf(await run('normal'));
    return agents.includes('secondary') ? undefined : agents;
  });
  expect(fallen).toEqual(['primary', 'primary']);
  expect(primary.calls() + secondary.calls()).toBeGreaterThanOrEqual(6);
});

// How often a run calls the model: counted where the requests arrive, told by the run, and bounded.
import { expect, test } from 'vitest';
import { AgentDescriptor } from '../../src/contracts/agent.ts';
import { BatonError } from '../../src/contracts/error.ts';
import { RunRequest } from '../../src/contracts/run.ts';
import { countModelCall } from '../../src/journal/count-model-call.ts';
import { loadRecord } from '../../src/journal/load-run.ts';
import { submitRun } from '../../src/orchestrator/submit-run.ts';
import { openRegistry } from '../../src/registry/registry.ts';
import { type Asked, openAsking, planned, planner, written } from '../support/asking.ts';
import { planOf } from '../support/plans.ts';
import { chunk, say, streamOf } from '../support/scripted-model.ts';
import { useTestStore } from '../support/use-store.ts';

const used = useTestStore();

/** What arrived at the model's server, and what the run says of it. */
const callsOf = ({ requests, view }: Asked) => [requests.length, view.model_calls];

/** Registers an agent that is a role for the configured model, and takes it out again. */
async function withRole(work: () => Promise<void>, rest: object = {}): Promise<void> {
  const registry = openRegistry(used.store);
  const about = { agent_id: 'role', name: 'Role', capabilities: ['translation'], transport: 'model', model: {} };
  const streams = { streaming_mode: 'dynamic_events', priority: 9 };
  await registry.put(AgentDescriptor.parse({ ...about, ...streams, ...rest }));
  await work().finally(() => registry.remove('role'));
}

test('a query that one agent takes costs two calls: the plan and the answer', async () => {
  await using asking = await openAsking(used, { answer: planner('search') });
  const asked = await asking.ask({ query: 'where is it?' });
  expect(callsOf(asked)).toEqual([2, 2]);
  expect(asked.view).toMatchObject({ status: 'completed', response: 'the answer', warnings: [] });
});

test('it costs no more when the agent is a role for the model: what that wrote is the answer, streamed as any other', async () => {
  await using asking = await openAsking(used, { answer: planner('translation') });
  await withRole(async () => {
    const asked = await asking.ask({ query: 'translate it' });
    expect(asked.view.results[0]?.agent_id).toBe('role');
    expect(callsOf(asked)).toEqual([2, 2]);
    expect(asked.view).toMatchObject({ status: 'completed', response: 'the answer', partial: false, warnings: [] });
    const tokens = asked.events.filter(({ name }) => name === 'answer.token').map(({ data }) => data);
    expect(tokens.join('')).toBe('the answer');
  });
});

test('nor when the planner chooses how to work on it first', async () => {
  const chosen = say(JSON.stringify({ strategy: 'plan', reason: 'simple', route: null }));
  const answer = (number: number, body: object) => (number === 0 ? chosen : planner('search')(number, { ...body }));
  await using asking = await openAsking(used, { answer });
  const asked = await asking.ask({ query: 'where is it?', strategy: 'auto' });
  expect(callsOf(asked)).toEqual([2, 2]);
  expect(asked.view.response).toBe('t1 done');
});

test('several agents’ results are merged, with one call for that', async () => {
  await using asking = await openAsking(used, { answer: planner('search', 'custom') });
  expect(callsOf(await asking.ask({ query: 'both' }))).toEqual([2, 2]);
});

test('a run that may never ask the model has its results as the answer, and says why', async () => {
  await using asking = await openAsking(used, { answer: () => written });
  const plan = planOf({ a: {}, b: {} });
  const asked = await asking.ask({ plan, options: { max_model_calls: 0 } });
  expect(callsOf(asked)).toEqual([0, 0]);
  expect(asked.view).toMatchObject({ status: 'completed', partial: false, response: 'a done\n\nb done' });
  expect(asked.view.warnings.join()).toContain('The run may call the model at most 0 time(s)');
});

test('a query whose bound is used up by planning ends with what its agents gave', async () => {
  await using asking = await openAsking(used, { answer: planner('search', 'custom') });
  const asked = await asking.ask({ query: 'both', options: { max_model_calls: 1 } });
  expect(callsOf(asked)).toEqual([1, 1]);
  expect(asked.view).toMatchObject({ status: 'completed', partial: false, response: 't1 done\n\nt2 done' });
});

test('planning beyond the bound fails with the reason, and asks nobody any more', async () => {
  await using asking = await openAsking(used, { answer: () => say('prose') });
  const asked = await asking.ask({ query: 'anything', options: { max_model_calls: 1 } });
  expect(callsOf(asked)).toEqual([1, 1]);
  expect(asked.view).toMatchObject({ status: 'failed', error: { code: 'model_calls_exhausted' } });
});

test('agents that are roles for the model share the bound, whenever they begin', async () => {
  await using asking = await openAsking(used, { answer: () => streamOf([chunk('written', 'stop')]) });
  await withRole(async () => {
    const tasks = Array.from(
      { length: 6 },
      (_, at) => [`t${at}`, { capability: 'translation', agent: 'role' }] as const,
    );
    const asked = await asking.ask({ plan: planOf(Object.fromEntries(tasks)), options: { max_model_calls: 4 } });
    expect(callsOf(asked)).toEqual([4, 4]);
    const codes = asked.view.results.map(({ error }) => error?.code ?? 'done').toSorted();
    expect(codes).toEqual(['done', 'done', 'done', 'done', 'model_calls_exhausted', 'model_calls_exhausted']);
    expect(asked.view).toMatchObject({ status: 'completed', partial: true });
  });
});

test('a second agent beside a slow one is not called beyond the bound, and the first goes on alone', async () => {
  await using asking = await openAsking(used, { answer: () => written });
  await withRole(
    async () => {
      const plan = { ...planOf({ a: { hedge_after_ms: 20, input_data: { ms: 300 } } }), answer: { from: 'a' } };
      const asked = await asking.ask({ plan, options: { max_model_calls: 0 } });
      expect(callsOf(asked)).toEqual([0, 0]);
      expect(asked.view).toMatchObject({ status: 'completed', partial: false, response: 'a done' });
    },
    { capabilities: ['custom'], priority: -9 },
  );
});

test('asking for another plan counts too, and beyond the bound the outcome stands', async () => {
  await using asking = await openAsking(used, { answer: () => written });
  const plan = planOf({ a: {}, bad: { input_data: { fail: true }, retries: 0 } });
  const asked = await asking.ask({ plan, options: { recovery: { mode: 'repairable' }, max_model_calls: 0 } });
  expect(callsOf(asked)).toEqual([0, 0]);
  expect(asked.view).toMatchObject({ status: 'completed', partial: true });
  const warning = asked.view.results.find(({ task_id }) => task_id === 'bad')?.warning;
  expect(warning).toContain('The run may call the model at most 0 time(s)');
});

test('of calls that begin at the same time exactly as many are let through as the bound says, however often each is sent', async () => {
  const options = { max_model_calls: 7 };
  const { run } = await submitRun(used.flow, RunRequest.parse({ plan: planOf({ a: {} }), options }));
  const calls = Array.from({ length: 20 }, (_, at) => ({ run, task: `t${at}`, epoch: 1, number: 1 }));
  const counted = await Promise.all(
    [...calls, ...calls].map((call) =>
      countModelCall(used.store, call).then(
        () => call.task,
        (error: unknown) => (error instanceof BatonError ? error.code : 'other'),
      ),
    ),
  );
  expect(new Set(counted.filter((task) => task.startsWith('t'))).size).toBe(7);
  expect(new Set(counted.filter((task) => !task.startsWith('t')))).toEqual(new Set(['model_calls_exhausted']));
  expect((await loadRecord(used.store, run))?.model_calls).toBe(7);
});

test('a call that was noted stays noted: the bound holds over the deaths of workers', async () => {
  const options = { max_model_calls: 2 };
  const { run } = await submitRun(used.flow, RunRequest.parse({ plan: planOf({ a: {} }), options }));
  const call = (epoch: number) => countModelCall(used.store, { run, task: '$plan', epoch, number: 1 });
  await call(1);
  await call(1);
  await call(2);
  await expect(call(3)).rejects.toMatchObject({ code: 'model_calls_exhausted' });
});

test('nothing is written for a run that is gone', async () => {
  await countModelCall(used.store, { run: 'gone', task: 'a', epoch: 1, number: 1 });
  const { run, tasks } = used.store.keys.run('gone');
  expect(await used.store.redis.exists(run, tasks)).toBe(0);
});

test('a plan that had to be asked for again is counted as it is', async () => {
  const answer = (number: number) => (number === 0 ? say('prose') : number === 1 ? planned('search') : written);
  await using asking = await openAsking(used, { answer });
  const asked = await asking.ask({ query: 'where is it?' });
  expect(callsOf(asked)).toEqual([2, 2]);
  expect(asked.view.response).toBe('t1 done');
});

// Whole runs through a worker whose model is the offline one: agents are made from templates, work, and leave with their run.
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { AgentDescriptor } from '../../src/contracts/agent.ts';
import type { Plan } from '../../src/contracts/plan.ts';
import { defaultPool } from '../../src/contracts/pool.ts';
import { RunOptions } from '../../src/contracts/run-options.ts';
import { type OfflineModel, openOfflineModel } from '../../src/demo/offline-model.ts';
import { loadRun } from '../../src/journal/load-run.ts';
import { submitRun } from '../../src/orchestrator/submit-run.ts';
import { viewPool } from '../../src/registry/pool.ts';
import { openRegistry } from '../../src/registry/registry.ts';
import { openTemplates } from '../../src/registry/template-store.ts';
import { planOf } from '../support/plans.ts';
import { openScriptedModel, refuse } from '../support/scripted-model.ts';
import { templateOf } from '../support/spawning.ts';
import { eventsOfEndedRun } from '../support/store.ts';
import { useTestStore } from '../support/use-store.ts';
import { startTestWorker } from '../support/worker.ts';

const opened = useTestStore();
let model: OfflineModel;

beforeAll(async () => {
  model = await openOfflineModel();
});

afterEach(async () => {
  await opened.store.redis.flushall();
});

afterAll(async () => {
  await model.close();
});

/** A worker without agents of its own. */
function worker(env: Readonly<Record<string, string>> = {}): Promise<AsyncDisposable> {
  return startTestWorker({ redisUrl: opened.redis.url, agents: [], env: { BATON_OFFLINE_URL: model.url, ...env } });
}

async function runToEnd(plan: Plan) {
  const { run } = await submitRun(opened.flow, { plan, metadata: {}, options: RunOptions.parse({}) });
  const events = await eventsOfEndedRun(opened, run);
  const state = await loadRun(opened.store, run);
  if (state === undefined) throw new Error('the run has no record');
  const of = (name: string) => events.filter((event) => event.name === name);
  return { run, events, of, results: state.results, record: state.record };
}

/** What is left of spawned agents when all runs have ended; retiring follows the end of a run at once. */
async function expectNothingLeft(): Promise<void> {
  const { redis: commands, keys } = opened.store;
  await expect.poll(async () => (await viewPool(opened.store, defaultPool)).agents).toEqual([]);
  expect(await commands.hkeys(keys.agents)).toEqual([]);
  expect(await commands.hkeys(keys.agentOrigins)).toEqual([]);
}

test('a task that asks for a template has an agent made for it, which streams and leaves with the run', async () => {
  await using _ = await worker();
  const template = { id: 'coder', parameters: { language: 'javascript' } };
  const plan = planOf({ a: { capability: 'code_generation', description: 'Write a binary search', template } });
  const { of, results } = await runToEnd(plan);

  const [spawned] = of('agent.spawned');
  expect(spawned).toMatchObject({ task_id: 'a', detail: { template: 'coder', score: null } });
  expect(results.get('a')).toMatchObject({
    status: 'completed',
    agent_id: spawned?.agent_id,
    response: expect.stringMatching(/def binary_search[\s\S]*\(offline model: /),
  });
  const tokens = of('task.token').map(({ data }) => data);
  expect(tokens.length).toBeGreaterThan(5);
  expect(tokens.join('')).toBe(results.get('a')?.response);
  await expectNothingLeft();
  expect((await openTemplates(opened.store).get('coder')).record).toMatchObject({ made: 1, completed: 1, success: 1 });
});

test('a task that no registered agent can take gets one too, from the best template, and the run shares it', async () => {
  await using _ = await worker();
  const plan = planOf({
    a: { capability: 'search', description: 'What is the capital of Portugal?' },
    b: { capability: 'search', description: 'What is the capital of Spain?', after: ['a'] },
  });
  const { of, results } = await runToEnd(plan);

  expect(of('agent.spawned').map(({ detail }) => detail)).toEqual([
    { agent_id: results.get('a')?.agent_id, template: 'research_specialist', score: expect.any(Number) },
  ]);
  expect(results.get('b')?.agent_id).toBe(results.get('a')?.agent_id);
  expect(results.get('a')?.response).toContain('Lisbon');
  expect(of('task.token').filter(({ task_id }) => task_id === 'a').length).toBeGreaterThan(1);
  await expectNothingLeft();
});

test('each of the six roles and of the specialists does its task', async () => {
  await using _ = await worker();
  const roles = {
    ...{ planner: 'custom', researcher: 'search', coder: 'code_generation', qa: 'custom', reviewer: 'custom' },
    ...{ documenter: 'text_generation', research_specialist: 'search', analysis_specialist: 'data_analysis' },
    ...{ synthesis_specialist: 'summarization', coordinator: 'custom' },
  } as const;
  const sketches = Object.entries(roles).map(([id, capability]) => [id, { capability, template: { id } }]);
  const { results, of } = await runToEnd(planOf(Object.fromEntries(sketches)));
  expect([...results.values()].map(({ task_id, status }) => [task_id, status]).toSorted()).toEqual(
    Object.keys(roles)
      .map((id) => [id, 'completed'])
      .toSorted(),
  );
  for (const { response } of results.values()) expect(response).toMatch(/\(offline model: [^\n]+\)$/);
  expect(of('agent.spawned')).toHaveLength(10);
  await expectNothingLeft();
});

test('a run with more such tasks than the pool has room for gets through, never holding more than there is', async () => {
  await using _ = await worker({ BATON_POOL: 'agents=2', BATON_AGENT_WAIT_MS: '10000' });
  const ids = ['a', 'b', 'c', 'd', 'e', 'f'];
  const template = { id: 'coder' };
  const plan = planOf(Object.fromEntries(ids.map((id) => [id, { capability: 'code_generation', template }])));
  const { results, of } = await runToEnd(plan);
  expect([...results.values()].map(({ status }) => status)).toEqual(ids.map(() => 'completed'));
  expect(of('agent.spawned')).toHaveLength(6);
  await expectNothingLeft();
});

test('a task whose agent never finds room fails as resource_unavailable, after it has waited', async () => {
  await using _ = await worker({ BATON_POOL: 'agents=0' });
  const plan = planOf({ a: { capability: 'code_generation', template: { id: 'coder' }, retries: 0 } });
  const { results } = await runToEnd(plan);
  expect(results.get('a')).toMatchObject({ status: 'failed', error: { code: 'resource_unavailable' } });
  await expectNothingLeft();
});

test('a template of which no agent comes fails its task and leaves nothing in the pool', async () => {
  await using _ = await worker();
  const prompt = Array.from({ length: 100 }, () => '{{words}}').join('');
  const parameters = { words: { type: 'text', max_chars: 1_000, default: 'x'.repeat(500) } };
  await openTemplates(opened.store).put(templateOf('wordy', { prompt, parameters }));
  const { results, of } = await runToEnd(planOf({ a: { template: { id: 'wordy' }, retries: 0 } }));
  expect(results.get('a')).toMatchObject({ status: 'failed', error: { code: 'agent_creation_failed' } });
  expect(of('agent.spawned')).toEqual([]);
  await expectNothingLeft();
});

test('a task that fails lowers the success of its template, and all its attempts have had the one agent', async () => {
  await using broken = await openScriptedModel([refuse(500, 'broken')]);
  await using _ = await worker({ BATON_OFFLINE_URL: '', ...broken.env });
  await openTemplates(opened.store).put(templateOf('lost', { retry_attempts: 1 }));
  const { results, of } = await runToEnd(planOf({ a: { template: { id: 'lost' } } }));
  expect(results.get('a')).toMatchObject({ status: 'failed', attempts: 2 });
  expect(of('agent.spawned')).toHaveLength(1);
  await expectNothingLeft();
  expect((await openTemplates(opened.store).get('lost')).record).toMatchObject({ made: 1, failed: 1, success: 0.5 });
});

test.each([
  ['is asked for templates only', { BATON_SPAWN: 'asked' }, { capability: 'search' }],
  ['has no model', { BATON_OFFLINE_URL: '' }, { capability: 'search' }],
  ['finds the task pinned', {}, { capability: 'search', agent: 'somebody' }],
  ['has no template for such work that may come unasked', {}, { capability: 'custom' }],
] as const)('no agent is made in place of a missing one by a worker that %s', async (_title, env, sketch) => {
  await using _ = await worker(env);
  const { results, of } = await runToEnd(planOf({ a: { ...sketch, retries: 0 } }));
  expect(results.get('a')).toMatchObject({ status: 'failed', error: { code: 'no_suitable_agent' } });
  expect(of('agent.spawned')).toEqual([]);
});

test('an agent that is registered and ill is waited for and not replaced; one that cannot take the input is no obstacle', async () => {
  await using _ = await worker();
  const registry = openRegistry(opened.store);
  const putIll = async (fields: object): Promise<void> => {
    const ill = { agent_id: 'ill', name: 'ill', endpoint: 'http://127.0.0.1:1', capabilities: ['search'], ...fields };
    await registry.put(AgentDescriptor.parse(ill));
    await opened.store.redis.del(opened.store.keys.agentHealth('ill'));
  };
  await putIll({});
  const waited = await runToEnd(planOf({ a: { capability: 'search', retries: 0 } }));
  expect(waited.results.get('a')).toMatchObject({ status: 'failed', error: { code: 'no_suitable_agent' } });

  await putIll({ payload_schema: { required_fields: { photo: 'string' } } });
  const made = await runToEnd(planOf({ a: { capability: 'search', retries: 0 } }));
  expect(made.results.get('a')).toMatchObject({ status: 'completed' });
  expect(made.of('agent.spawned')).toHaveLength(1);
});

test('the agents of one run are refused to another, and said to be made for it', async () => {
  await using _ = await worker();
  const hold = { capability: 'code_generation', template: { id: 'coder' } } as const;
  const first = await runToEnd(planOf({ a: hold }));
  expect(first.results.get('a')?.status).toBe('completed');
  // As it stood while the first run went on.
  const id = 'coder-left';
  const metadata = { spawned: true, run_id: first.run };
  const left = { agent_id: id, name: id, transport: 'model', model: {}, capabilities: ['search'], metadata };
  await openRegistry(opened.store).put(AgentDescriptor.parse({ ...left, streaming_mode: 'dynamic_events' }));
  const second = await runToEnd(planOf({ a: { capability: 'search' } }));
  expect(second.results.get('a')?.agent_id).not.toBe(id);
  expect(second.of('agent.selected')[0]?.detail).toMatchObject({
    candidates: expect.arrayContaining([expect.objectContaining({ agent_id: id, reason: 'made for another run' })]),
  });
});

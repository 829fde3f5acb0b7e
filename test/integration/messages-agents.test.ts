import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AgentContext, type AgentDefinition, type AgentTask, defineAgent } from '../../src/agents/definition.ts';
import { serveAgent } from '../../src/agents/serve.ts';
import { BatonError } from '../../src/contracts/error.ts';
import type { Plan } from '../../src/contracts/plan.ts';
import type { TaskResult } from '../../src/contracts/result.ts';
import { plainOptions } from '../../src/contracts/run-options.ts';
import { loadResultsOf } from '../../src/journal/load-results.ts';
import { loadState } from '../../src/journal/load-state.ts';
import { loadInbox } from '../../src/journal/messages.ts';
import { submitRun } from '../../src/orchestrator/submit-run.ts';
import { openTestApi, type TestApi } from '../support/api.ts';
import { planOf } from '../support/plans.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';
import { eventsOf, eventsOfEndedRun, openTestStore, type TestStore } from '../support/store.ts';
import { startTestWorker } from '../support/worker.ts';

const stack = new AsyncDisposableStack();
let redis: TestRedis;
let opened: TestStore;
let door: TestApi;

/** What the agents do, by the name that a task's input gives. */
const acts: Record<string, (task: AgentTask, context: AgentContext) => Promise<string>> = {
  /** Asks the next one, and tells what came of it. */
  ask: async ({ next }, context) => {
    try {
      return (await context.ask(String(next), 'Your part, please?', { timeoutMs: 5_000 })).content;
    } catch (thrown) {
      const { code, message } = BatonError.from(thrown);
      return `${code}: ${message}`;
    }
  },
  /** Waits for one message and answers it. */
  answer: async (_task, context) => {
    for await (const message of context.inbox()) {
      await context.reply(message, `${message.content} Here.`);
      break;
    }
    return 'answered';
  },
  /** Asks for more before it answers. */
  clarify: async (_task, context) => {
    for await (const message of context.inbox()) {
      const answer = await context.ask(message.from, 'Which one?', { type: 'question', about: message });
      return answer.content;
    }
    return 'nobody asked';
  },
  clarified: async ({ next }, context) => {
    const question = await context.ask(String(next), 'Your part, please?');
    await context.reply(question, 'The second.');
    return question.type;
  },
  count: async (_task, context) => {
    await Promise.all(
      Array.from({ length: 5 }, () => context.state.update('total', (total) => Number(total ?? 0) + 1)),
    );
    return 'counted';
  },
  tell: async ({ state }) => JSON.stringify(state),
};

const actor = (id: string): AgentDefinition =>
  defineAgent({
    id,
    capabilities: ['custom'],
    invoke: (task, context) => acts[String(task.act)]?.(task, context) ?? '',
  });

beforeAll(async () => {
  redis = stack.use(await startTestRedis());
  opened = stack.use(openTestStore(redis.url));
  door = stack.use(await openTestApi(redis.url));
  for (const id of ['a', 'b', 'c'])
    stack.use(await serveAgent(actor(id), { batonUrl: door.url, signals: false, log: () => undefined }));
  const agents = [fileURLToPath(new URL('../support/agents/sharing.ts', import.meta.url))];
  stack.use(await startTestWorker({ redisUrl: redis.url, concurrency: 20, agents, env: { BATON_URL: door.url } }));
});

afterAll(() => stack.disposeAsync());

async function runToEnd(
  plan: Plan,
): Promise<{ readonly run: string; readonly results: ReadonlyMap<string, TaskResult> }> {
  const { run } = await submitRun(opened.flow, { plan, metadata: {}, options: plainOptions });
  await eventsOfEndedRun(opened, run);
  return {
    run,
    results: await loadResultsOf(
      opened.store,
      run,
      plan.sub_tasks.map(({ task_id }) => task_id),
    ),
  };
}

const acting = (agent: string, act: string, more: object = {}) => ({
  ...{ agent, retries: 0, input_data: { act, ...more } },
});

test('one agent asks another that works in the same run, and gets its answer', async () => {
  const { results } = await runToEnd(planOf({ x: acting('a', 'ask', { next: 'b' }), y: acting('b', 'answer') }));
  expect(results.get('x')?.response).toBe('Your part, please? Here.');
  expect(results.get('y')?.response).toBe('answered');
});

test('three agents that ask each other in a circle: one is told of the deadlock, the others wait no longer than they would', async () => {
  const plan = planOf({
    x: acting('a', 'ask', { next: 'b' }),
    y: acting('b', 'ask', { next: 'c' }),
    z: acting('c', 'ask', { next: 'a' }),
  });
  const { run, results } = await runToEnd(plan);
  const said = [...results.values()].map(({ response }) => response);
  expect(said.filter((text) => text.startsWith('deadlock: '))).toHaveLength(1);
  expect(said.find((text) => text.startsWith('deadlock: '))).toMatch(/(\w) -> \w -> \w -> \1/);
  expect(said.filter((text) => text.startsWith('message_timeout: '))).toHaveLength(2);
  const refused = (await eventsOf(opened.store, run)).filter(({ name }) => name === 'message.refused');
  expect(refused).toMatchObject([{ detail: { code: 'deadlock' } }]);
});

test('an agent that must ask back does so, and both end', async () => {
  const { results } = await runToEnd(planOf({ x: acting('a', 'clarified', { next: 'b' }), y: acting('b', 'clarify') }));
  expect([results.get('x')?.response, results.get('y')?.response]).toEqual(['question', 'The second.']);
});

test('agents change one value of the shared state at once and lose nothing; a task gets it by name', async () => {
  const plan = planOf({
    x: acting('a', 'count'),
    y: acting('b', 'count'),
    z: { ...acting('c', 'tell'), state: ['total', 'missing'], after: ['x', 'y'] },
  });
  const { run, results } = await runToEnd(plan);
  expect((await loadState(opened.store, run)).state).toEqual({ total: 10 });
  expect(JSON.parse(results.get('z')?.response ?? '')).toEqual({ total: 10, missing: null });
});

test('a task’s own input called state stays its own when it names no shared one', async () => {
  const { results } = await runToEnd(planOf({ z: acting('c', 'tell', { state: 'California' }) }));
  expect(results.get('z')?.response).toBe('"California"');
});

test('an agent within a worker talks and shares just so', async () => {
  const { run, results } = await runToEnd(planOf({ x: { capability: 'search', agent: 'sharing', retries: 0 } }));
  expect(JSON.parse(results.get('x')?.response ?? '')).toEqual({ version: 1, state: { count: 1 } });
  expect(await loadInbox(opened.store, { run, agent: 'a', after: '0-0' })).toMatchObject([
    { from: 'sharing', content: 'I have counted.', answer_by: null },
  ]);
});

test('an agent without a baton says so when it wants to talk', async () => {
  await using alone = await serveAgent(actor('alone'), { batonUrl: null, signals: false, log: () => undefined });
  const response = await fetch(`${alone.url}/invoke`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ task_id: 't', description: 'd', act: 'ask', next: 'b' }),
  });
  expect(((await response.json()) as { response: string }).response).toMatch(/^unreachable: .*batonUrl/);
});

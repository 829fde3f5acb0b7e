import { afterAll, beforeAll, expect, test } from 'vitest';
import { toDescriptor } from '../../src/agents/definition.ts';
import { Plan } from '../../src/contracts/plan.ts';
import type { TaskResult } from '../../src/contracts/result.ts';
import { demoAgents } from '../../src/demo/agents.ts';
import { type OfflineModel, openOfflineModel } from '../../src/demo/offline-model.ts';
import type { ChatMessage } from '../../src/llm/message.ts';
import { type Model, openModel } from '../../src/llm/model.ts';
import { planQuery } from '../../src/orchestrator/planner/plan-query.ts';
import { type HttpClient, openHttp } from '../../src/outbound/http.ts';
import { validatePlan } from '../../src/plan/validate.ts';
import { synthesisMessages } from '../../src/workers/synthesis-prompt.ts';

const never = new AbortController().signal;
let server: OfflineModel;
let http: HttpClient;
let model: Model;

beforeAll(async () => {
  server = await openOfflineModel();
  http = openHttp({ policy: 'operator' });
  const tuning = { temperature: 0.2, timeoutMs: 5_000, fetch: http.fetch };
  model = openModel({ apiKey: null, baseUrl: server.url, name: 'offline', offline: true, ...tuning });
});

afterAll(async () => {
  await http.close();
  await server.close();
});

async function answerTo(messages: readonly ChatMessage[]) {
  const events = await Array.fromAsync(model.stream({ messages, signal: never }));
  const text = events.map((event) => (event.type === 'token' ? event.text : '')).join('');
  return { text, end: events.at(-1), pieces: events.length - 1 };
}

test.each([
  [
    'Write a short poem about artificial intelligence and also look up the capital of France.',
    [
      ['t1', 'text_generation', []],
      ['t2', 'search', []],
    ],
  ],
  [
    'Generate a Python function for binary search and summarize its time complexity.',
    [
      ['t1', 'code_generation', []],
      ['t2', 'summarization', ['t1']],
    ],
  ],
])("the seed's demo query is planned over the wire: %s", async (query, tasks) => {
  const endpoint = 'http://127.0.0.1:1';
  const agents = demoAgents(model).map((agent) => toDescriptor(agent, { transport: 'http', endpoint }));
  const { plan, usage } = await planQuery({ model, agents, query, signal: never, validate: validatePlan });
  expect(plan.sub_tasks.map((task) => [task.task_id, task.required_capability, task.depends_on])).toEqual(tasks);
  expect(plan.original_query).toBe(query);
  expect(usage?.total_tokens).toBeGreaterThan(100);
});

test('an answer streams in small pieces, says whose it is, once, and counts its tokens', async () => {
  const { text, end, pieces } = await answerTo([{ role: 'user', content: 'Request: Write a poem about rain' }]);
  expect(text).toContain('rain');
  expect(text.match(/offline model/g)).toHaveLength(1);
  expect(pieces).toBeGreaterThan(5);
  expect(end).toEqual({
    type: 'end',
    finishReason: 'stop',
    usage: {
      prompt_tokens: 9,
      completion_tokens: Math.ceil(text.length / 4),
      total_tokens: 9 + Math.ceil(text.length / 4),
    },
  });
});

const plan = Plan.parse({
  sub_tasks: ['Write a poem', 'Look up the capital of Peru'].map((description, index) => ({
    task_id: `t${index + 1}`,
    description,
    required_capability: 'custom',
  })),
});

function result(task_id: string, rest: Partial<TaskResult>): TaskResult {
  return {
    task_id,
    agent_id: 'some-agent',
    status: 'completed',
    success: true,
    response: '',
    streaming_mode: 'static',
    error: null,
    latency_ms: 1,
    attempts: 1,
    confidence: 0.9,
    usage: null,
    cost: null,
    truncated: false,
    ...rest,
  };
}

test('a synthesis holds what was found, names what is missing, and carries one label', async () => {
  const results = [
    result('t1', { response: 'Roses.\n\n(offline model: a stored text, no language model was asked)' }),
    result('t2', { status: 'failed', success: false, error: { code: 'agent_timeout', message: 'Too slow.' } }),
  ];
  const { text } = await answerTo(synthesisMessages({ query: 'q', plan, results }));
  expect(text).toMatch(/^Roses\.\n\nUnfortunately a part of this could not be done: "Look up the capital of Peru"\./);
  expect(text.match(/offline model/g)).toHaveLength(1);
  expect(text).not.toMatch(/t1|some-agent|agent_timeout/);
});

test('two results stand under what was asked for', async () => {
  const results = [result('t1', { response: 'Roses.' }), result('t2', { response: 'Lima.' })];
  const { text } = await answerTo(synthesisMessages({ query: 'q', plan, results }));
  expect(text).toMatch(/^\*\*Write a poem\*\*\n\nRoses\.\n\n\*\*Look up the capital of Peru\*\*\n\nLima\.\n/);
});

test('a reader that leaves in mid-answer does not keep the server open', async () => {
  const own = await openOfflineModel();
  const other = openModel({
    apiKey: null,
    baseUrl: own.url,
    name: 'offline',
    offline: true,
    temperature: 0.2,
    timeoutMs: 5_000,
    fetch: http.fetch,
  });
  const messages = [{ role: 'user' as const, content: 'Request: Write a story about rain' }];
  for await (const event of other.stream({ messages, signal: never })) if (event.type === 'token') break;
  await own.close();
  await expect(other.stream({ messages, signal: never })[Symbol.asyncIterator]().next()).rejects.toMatchObject({
    code: 'model_unavailable',
  });
});

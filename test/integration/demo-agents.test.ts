import { afterAll, beforeAll, expect, test } from 'vitest';
import { type DemoAgents, openDemoAgents } from '../../src/demo/agents.ts';
import { type OfflineModel, openOfflineModel } from '../../src/demo/offline-model.ts';
import { openModel } from '../../src/llm/model.ts';
import { type HttpClient, openHttp } from '../../src/outbound/http.ts';

let offline: OfflineModel;
let http: HttpClient;
let demo: DemoAgents;

beforeAll(async () => {
  offline = await openOfflineModel();
  http = openHttp({ policy: 'operator' });
  const tuning = { temperature: 0.2, timeoutMs: 5_000, fetch: http.fetch };
  const model = openModel({ apiKey: null, baseUrl: offline.url, name: 'offline', offline: true, ...tuning });
  demo = await openDemoAgents({ model, batonUrl: null, log: () => undefined });
});

afterAll(async () => {
  await demo.close();
  await http.close();
  await offline.close();
});

function urlOf(id: string): string {
  return demo.agents.find((agent) => agent.id === id)?.url ?? '';
}

async function post(id: string, path: string, payload: object): Promise<Response> {
  const body = JSON.stringify({ task_id: 't1', description: 'the task', context: {}, failed_context: {}, ...payload });
  return fetch(`${urlOf(id)}${path}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
}

async function invoke(id: string, payload: object) {
  const reply = await (await post(id, '/invoke', payload)).json();
  return reply as { response: string; confidence: number | null };
}

test("the seed's six agents serve, each at an address of its own", async () => {
  expect(demo.agents.map((agent) => agent.id)).toEqual([
    'writer-01',
    'coder-01',
    'lookup-01',
    'summarizer-01',
    'translator-01',
    'analyst-01',
  ]);
  expect(new Set(demo.agents.map((agent) => agent.url)).size).toBe(6);
  for (const { url } of demo.agents) expect((await fetch(`${url}/health`)).status).toBe(200);
});

test("the writer streams the model's tokens", async () => {
  const text = await (await post('writer-01', '/stream', { query: 'Write a poem about rain' })).text();
  expect(text.match(/"token"/g)?.length).toBeGreaterThan(5);
  expect((await invoke('writer-01', { query: 'Write a poem about rain' })).response).toContain('rain');
});

test('the writer takes up what an earlier step found', async () => {
  const context = { t0: 'Lima is the capital of Peru.' };
  expect((await invoke('writer-01', { query: 'write a haiku about it', context })).response).toContain('Lima');
});

test('the coder sends whole messages: the words before, the code, its complexity', async () => {
  const { response } = await invoke('coder-01', {
    query: 'Generate a Python function for binary search',
    language: 'python',
  });
  expect(response).toMatch(/```python\ndef binary_search[\s\S]*```\n\nTime complexity: O\(log n\)/);
  const stream = await (await post('coder-01', '/stream', { query: 'binary search', language: 'python' })).text();
  expect(stream.match(/"content"/g)?.length).toBeGreaterThanOrEqual(3);
});

test("the summarizer answers the second half of the seed's demo from the coder's text", async () => {
  const code = await invoke('coder-01', { query: 'binary search', language: 'python' });
  const summary = await invoke('summarizer-01', {
    query: 'summarize its time complexity',
    context: { t1: code.response },
  });
  expect(summary.response).toMatch(/^- Time complexity: O\(log n\)/);
  expect(summary.response).not.toContain('offline model');
});

test('the summarizer without a text says so', async () => {
  expect(await invoke('summarizer-01', { query: 'summarize' })).toMatchObject({
    response: expect.stringContaining('no text'),
    confidence: 0,
  });
});

test('the lookup answers with its confidence, also when it knows nothing', async () => {
  expect(await invoke('lookup-01', { query: 'the capital of France' })).toMatchObject({
    response: 'Paris is the capital of France.',
    confidence: 0.95,
  });
  expect((await invoke('lookup-01', { description: 'the capital of Atlantis' })).confidence).toBe(0);
});

test('the translator translates a stored phrase, an earlier result, and says when it cannot', async () => {
  const spanish = { target_language: 'Spanish' };
  expect((await invoke('translator-01', { text: 'Good morning!', ...spanish })).response).toMatch(/^Buenos días/);
  const context = { t0: 'Paris is the capital of France.' };
  expect((await invoke('translator-01', { text: 'it', context, ...spanish })).response).toMatch(/^París es la capital/);
  expect((await invoke('translator-01', { text: 'A rare sentence', ...spanish })).response).toMatch(
    /^No translation .* stored/,
  );
});

test('the analyst computes', async () => {
  const { response } = await invoke('analyst-01', { query: 'Analyze 10, 12, 14 and 16' });
  expect(response).toContain('- mean: 13\n');
  expect(response).toContain('- median: 13\n');
  expect(response).toContain('- standard deviation (sample): 2.58199');
  expect(response).toContain('rise by about 2 from one to the next');
});

test('the analyst takes its numbers from data, or from earlier results, or says that there are none', async () => {
  expect((await invoke('analyst-01', { query: 'the mean', data: [1, 3] })).response).toContain('- mean: 2');
  expect((await invoke('analyst-01', { query: 'the mean', context: { t0: 'sales: 4, 6' } })).response).toContain(
    '- mean: 5',
  );
  expect((await invoke('analyst-01', { query: 'the mean' })).response).toContain('no numbers');
});

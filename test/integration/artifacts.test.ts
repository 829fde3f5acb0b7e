// The files that a run's agents write: read strictly out of their answers, sent so that nothing runs them.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ArtifactList } from '../../src/contracts/artifact.ts';
import { forkRun } from '../../src/orchestrator/fork-run.ts';
import { removeEndedRun } from '../../src/orchestrator/remove-run.ts';
import { openTestApi, type TestApi } from '../support/api.ts';
import { type Engine, openEngine } from '../support/engine.ts';
import { planOf, type TaskSketch } from '../support/plans.ts';

let engine: Engine;
let api: TestApi;

beforeAll(async () => {
  engine = await openEngine();
  api = await openTestApi(engine.redis.url);
});

afterAll(async () => {
  await api[Symbol.asyncDispose]();
  await engine[Symbol.asyncDispose]();
});

const block = (path: string, text: string): string => `\`\`\`text file="${path}"\n${text}\n\`\`\`\n`;
const code = (text: string, rest: TaskSketch = {}): TaskSketch => ({
  ...{ capability: 'code_generation', input_data: { words: [text] } },
  ...rest,
});

const get = (run: string, rest = ''): Promise<Response> => fetch(`${api.url}/v1/runs/${run}/artifacts${rest}`);
const listOf = async (run: string) => ArtifactList.parse(await (await get(run)).json());

test('files of code are listed by path, the later task’s where two have one path, with their bytes and authors', async () => {
  const first = block('src/a.py', 'old') + block('b.py', 'b');
  const { run } = await engine.runToEnd(
    planOf({ one: code(first), two: code(block('src/a.py', 'neü'), { after: ['one'] }) }),
  );
  const { artifacts, left_out } = await listOf(run);
  expect(left_out).toBe(0);
  expect(artifacts).toEqual([
    { path: 'b.py', task_id: 'one', agent_id: 'code_generation-1', bytes: 2, href: `/v1/runs/${run}/artifacts/b.py` },
    {
      path: 'src/a.py',
      task_id: 'two',
      agent_id: 'code_generation-1',
      bytes: 5,
      href: `/v1/runs/${run}/artifacts/src/a.py`,
    },
  ]);
  expect(await (await get(run, '/src/a.py')).text()).toBe('neü\n');
});

test('other tasks’ answers hold files only when they say so, and code need not', async () => {
  const plan = planOf({
    text: { capability: 'search', input_data: { words: [block('a.txt', 'a')] } },
    said: { capability: 'search', artifacts: true, input_data: { words: [block('b.txt', 'b')] } },
    silent: code(block('c.py', 'c'), { artifacts: false }),
    map: {
      ...code(''),
      kind: 'map',
      map: { over: { input: 'list' } },
      input_data: { list: [{ words: [block('d.py', 'd')] }] },
    },
  });
  const { run } = await engine.runToEnd(plan);
  expect((await listOf(run)).artifacts.map(({ path, task_id }) => [path, task_id])).toEqual([
    ['b.txt', 'said'],
    ['d.py', 'map.0'],
  ]);
});

test('a page among them is sent as plain text to be saved: no browser renders it', async () => {
  const { run } = await engine.runToEnd(planOf({ one: code(block('x y/ä.html', '<script>1</script>')) }));
  const [page] = (await listOf(run)).artifacts;
  const response = await fetch(`${api.url}${page?.href}`);
  const headers = Object.fromEntries(response.headers);
  expect(headers['content-type']).toBe('text/plain; charset=utf-8');
  expect(headers['x-content-type-options']).toBe('nosniff');
  expect(headers['content-disposition']).toMatch(/^attachment; .*filename\*=UTF-8''%C3%A4\.html$/);
  expect(headers['content-security-policy']).toBe("default-src 'none'; sandbox");
  expect(await response.text()).toBe('<script>1</script>\n');
});

test.each(['/nothing.py', '/..%2f..%2fetc%2fpasswd', '/%2e%2e/b.py', '/'])('%s is no artifact', async (path) => {
  const { run } = await engine.runToEnd(planOf({ one: code(block('b.py', 'b') + block('../c.py', 'c')) }));
  const response = await get(run, path);
  if (path === '/') expect(await response.json()).toMatchObject({ artifacts: [{ path: 'b.py' }] });
  else expect(response.status).toBe(404);
  expect((await listOf(run)).artifacts.map((artifact) => artifact.path)).toEqual(['b.py']);
});

test('a fork has the files of the results it re-uses; they leave with their run', async () => {
  const { run } = await engine.runToEnd(planOf({ one: code(block('a.py', 'a')), two: { after: ['one'] } }));
  const { run: fork } = await forkRun(engine.opened.flow, { run, request: { from: ['two'], edits: {} } });
  await engine.ended(fork);
  expect(await removeEndedRun(engine.opened.flow, run)).toBe(true);
  expect((await get(run)).status).toBe(404);
  expect(await (await get(fork, '/a.py')).text()).toBe('a\n');
});

test('a run without files, and one that is not there', async () => {
  const { run } = await engine.runToEnd(planOf({ one: {} }));
  expect((await listOf(run)).artifacts).toEqual([]);
  const none = await get('r0000000000000000000000');
  expect([none.status, await none.json()]).toMatchObject([404, { code: 'run_not_found' }]);
});

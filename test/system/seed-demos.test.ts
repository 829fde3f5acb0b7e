// The seeds' own demos on a whole baton of real processes, with the offline model and the demo agents.
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { defineAgent } from '../../src/agents/definition.ts';
import { serveAgent } from '../../src/agents/serve.ts';
import { type Client, openClient, type RunInput } from '../../src/client/index.ts';
import { ArtifactList } from '../../src/contracts/artifact.ts';
import type { StreamEvent } from '../../src/contracts/event.ts';
import type { RunView } from '../../src/contracts/run.ts';
import { openCommand, scratchFolder } from '../support/command.ts';
import { alone } from '../support/served-agent.ts';

/** The program itself, not a shim that looks for its settings in a home directory; empty when there is none. */
const python =
  spawnSync('python3', ['-c', 'import sys, unittest; print(sys.executable)']).stdout?.toString().trim() ?? '';

type Baton = { readonly url: string; readonly client: Client };

async function openBaton(env: Readonly<Record<string, string>> = {}): Promise<Baton> {
  const start = openCommand(['start', '--port', '0', '--json', '--workers', '1'], {
    BATON_HOME: scratchFolder(),
    ...env,
  });
  const { url } = JSON.parse(await start.firstLine());
  return { url, client: openClient({ url }) };
}

type Ran = { readonly view: RunView; readonly events: readonly StreamEvent[] };

async function runToEnd({ client }: Baton, request: RunInput): Promise<Ran> {
  const events: StreamEvent[] = [];
  for await (const event of client.submitAndStream(request, { signal: AbortSignal.timeout(60_000) }))
    events.push(event);
  return { view: await client.run(events[0]?.run_id ?? ''), events };
}

const registered = async (url: string, id: string, agent: object): Promise<void> => {
  const init = { method: 'PUT', headers: { 'content-type': 'application/json' }, body: JSON.stringify(agent) };
  expect((await fetch(`${url}/v1/agents/${id}`, init)).status).toBeLessThan(300);
};

test('"Create a report on LLM scaling laws": sections planned, written at the same time, joined in order', async () => {
  const baton = await openBaton();
  const { view, events } = await runToEnd(baton, { query: 'Create a report on LLM scaling laws', strategy: 'report' });
  expect(view).toMatchObject({ status: 'completed', partial: false, strategy: { used: 'report' } });
  const parts = (view.response ?? '').split('\n\n---\n\n');
  expect(parts.map((part) => /^## (.*)\n/.exec(part)?.[1])).toEqual([
    ...['Introduction', 'The Power Laws', 'Compute-Optimal Training', 'Limits', 'Conclusion'],
  ]);
  expect(view.response).toContain('20 tokens per parameter');
  const said = events.filter(({ name }) => name === 'answer.token').map(({ data }) => data);
  expect(said.join('')).toBe(view.response);
  // How many sections there are is known at run time only.
  const other = await runToEnd(baton, {
    query: 'Write a report about tea covering history, trade and taste',
    strategy: 'auto',
  });
  expect(other.view.strategy).toMatchObject({
    asked: 'auto',
    used: 'report',
    reason: expect.stringContaining('"report"'),
  });
  expect(other.view.tasks).toHaveLength(3);
});

test.skipIf(python === '')('the to-do API: coded, tested by a real program, reviewed and documented', async () => {
  const file = path.join(scratchFolder(), 'commands.json');
  const unittest = { argv: [python, '-m', 'unittest', '-v'], answer: 'tests', env: { PYTHONDONTWRITEBYTECODE: '1' } };
  writeFileSync(file, JSON.stringify({ commands: { unittest } }));
  const baton = await openBaton({ BATON_COMMANDS: file });
  const tester = {
    name: 'Tests',
    capabilities: ['code_generation'],
    transport: 'command',
    command: { name: 'unittest' },
  };
  await registered(baton.url, 'tester', { ...tester, skills: ['tests'] });
  const { view } = await runToEnd(baton, {
    query: `Build a REST API for a todo app with:
1. CRUD endpoints
2. Authentication
3. Unit tests
4. Documentation`,
    strategy: 'team',
  });
  expect(view).toMatchObject({ status: 'completed', partial: false, warnings: [], error: null });
  expect(view.plan?.sub_tasks.map(({ agent, template }) => agent ?? template?.id)).toEqual([
    ...['coder', 'tester', 'reviewer', 'documenter'],
  ]);
  const tests = JSON.parse(view.results.find(({ agent_id }) => agent_id === 'tester')?.response ?? '{}');
  expect(tests).toMatchObject({ tests_passed: true, output: expect.stringContaining('Ran 4 tests') });
  expect(view.results.at(-1)?.response).toMatch(/^# Write the documentation[\s\S]*todo_api\.py/);

  const { artifacts } = ArtifactList.parse(await (await fetch(`${baton.url}/v1/runs/${view.run_id}/artifacts`)).json());
  expect(artifacts.map((artifact) => artifact.path)).toEqual(['test_todo_api.py', 'todo_api.py']);
  const code = await fetch(`${baton.url}${artifacts[1]?.href}`);
  expect(code.headers.get('content-type')).toBe('text/plain; charset=utf-8');
  expect(code.headers.get('content-disposition')).toBe('attachment; filename=todo_api.py');
  expect(await code.text()).toMatch(/^"""A to-do list as a REST API[\s\S]*class TodoApi/);
});

test('fibonacci: one agent, at most two calls of the model, and code with its test as the answer', async () => {
  const baton = await openBaton();
  const { view } = await runToEnd(baton, { query: 'Write a function to calculate fibonacci', strategy: 'route' });
  expect(view).toMatchObject({ status: 'completed', strategy: { used: 'route' } });
  expect(view.results.map(({ agent_id }) => agent_id)).toEqual(['coder-01']);
  expect(view.response).toContain('def fibonacci');
  expect(view.response).toContain('test');
  expect(view.response).toBe(view.results[0]?.response);
  expect(view.model_calls).toBeLessThanOrEqual(2);
  // The same by the usual plan, whose answer a model makes.
  const planned = await runToEnd(baton, { query: 'Write a function to calculate fibonacci' });
  expect(planned.view.response).toMatch(/def fibonacci[\s\S]*test/);
  expect(planned.view.model_calls).toBe(2);
});

test('the supervisor refuses three revisions, and then a human is asked', async () => {
  const refusal = { acceptable: false, score: 0.2, feedback: 'It has no rhyme.' };
  const stern = defineAgent({ id: 'stern', capabilities: ['text_generation'], invoke: () => JSON.stringify(refusal) });
  const served = await serveAgent(stern, alone);
  let drafts = 0;
  const poet = defineAgent({
    id: 'poet',
    capabilities: ['text_generation'],
    invoke: () => {
      drafts += 1;
      return `Owls, version ${drafts}`;
    },
  });
  const poets = await serveAgent(poet, alone);
  onTestFinished(() => Promise.all([served.close(), poets.close()]).then(() => undefined));
  const baton = await openBaton();
  await registered(baton.url, 'stern', {
    name: 'Stern',
    endpoint: served.url,
    capabilities: ['text_generation'],
    priority: -1,
  });
  await registered(baton.url, 'poet', { name: 'Poet', endpoint: poets.url, capabilities: ['text_generation'] });
  const poem = {
    task_id: 'poem',
    description: 'Write a poem about owls',
    required_capability: 'text_generation' as const,
  };
  const review = { reviewer: 'stern', escalate: 'interrupt' as const };
  const request = { plan: { sub_tasks: [{ ...poem, agent: 'poet', review }] } };
  const events: StreamEvent[] = [];
  for await (const event of baton.client.submitAndStream(request, { signal: AbortSignal.timeout(60_000) })) {
    events.push(event);
    if (event.name !== 'interrupt.requested') continue;
    const { id, hash } = event.detail.interrupt;
    await baton.client.decide(id, { decision: 'approve', hash });
  }
  const outcomes = events.flatMap((event) => (event.name === 'review.scored' ? [event.detail.outcome] : []));
  expect(outcomes).toEqual(['needs_revision', 'needs_revision', 'needs_revision', 'escalated']);
  expect(events.at(-1)?.name).toBe('run.completed');
});

test.each([
  ['Look up the capital of Spain', 'lookup-01'],
  ['Translate "good morning" into French', 'translator-01'],
  ['Decode my feelings in a poem about codes', 'writer-01'],
])('without a language model whole words choose the agent: %s', async (query, agent) => {
  const baton = await openBaton();
  const { view } = await runToEnd(baton, { query, strategy: 'route' });
  expect(view.results.map(({ agent_id }) => agent_id)).toEqual([agent]);
});

test('words that speak for no kind of work are refused, or go to the default agent', async () => {
  const baton = await openBaton();
  const refused = await runToEnd(baton, { query: 'Hmm', strategy: 'route' });
  expect(refused.view).toMatchObject({ status: 'failed', error: { code: 'no_route' } });
  const strategy = { name: 'route' as const, default_agent: 'writer-01' };
  const taken = await runToEnd(baton, { query: 'Hmm', strategy });
  expect(taken.view.results.map(({ agent_id }) => agent_id)).toEqual(['writer-01']);
});

import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { StreamEvent } from '../../src/contracts/event.ts';
import { foldEvents } from '../../src/contracts/fold.ts';
import { leftIn, openCommand, runCommand, scratchFolder } from '../support/command.ts';

function eventsOf(ndjson: string): readonly StreamEvent[] {
  const lines = ndjson.split('\n').slice(0, -1);
  return lines.map((line) => StreamEvent.parse(JSON.parse(line)) as StreamEvent); // name and detail come from one server
}

test('`demo --json` prints the events and nothing else, on a stack of its own that is gone afterwards', async () => {
  const TMPDIR = scratchFolder();
  // Nobody listens there: a demo that used this Redis would not even start.
  const { code, stdout, stderr } = await runCommand(['demo', '--json'], { TMPDIR, REDIS_URL: 'redis://127.0.0.1:1' });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const events = eventsOf(stdout);
  expect([events[0]?.name, events.at(-1)?.name]).toEqual(['run.created', 'run.completed']);
  const run = foldEvents(events);
  expect(run.query).toBe('Write a short poem about artificial intelligence and also look up the capital of France.');
  expect(run.tasks.map((task) => [task.required_capability, task.status, task.depends_on])).toEqual([
    ['text_generation', 'completed', []],
    ['search', 'completed', []],
  ]);
  expect(run.answer.text).toContain('Paris');
  expect(leftIn(TMPDIR, 'baton-demo-')).toEqual([]);
});

test('`demo --second` shows the run for a person: its dependency, the texts, the answer and a table', async () => {
  const { code, stdout } = await runCommand(['demo', '--second']);
  expect(code).toBe(0);
  expect(stdout).toMatch(/t2 summarization: .* after t1\n/);
  expect(stdout).toContain('t1 │ def binary_search');
  expect(stdout).toMatch(/\nAnswer\n[\s\S]*O\(log n\)/);
  expect(stdout).toMatch(/\ntask +capability +agent[\s\S]*\nt2 +summarization +summarizer-01 +completed +1 /);
  expect(stdout).toMatch(/run completed in [\d.]+ s\n$/);
  expect(stdout).not.toContain('\u001b');
});

test('`demo --plan` runs a ready plan', async () => {
  const file = path.join(scratchFolder(), 'plan.json');
  const task = { task_id: 'ask', description: 'Look up the capital of Spain', required_capability: 'search' };
  writeFileSync(file, JSON.stringify({ sub_tasks: [{ ...task, input_data: { query: 'capital of Spain' } }] }));
  const { code, stdout } = await runCommand(['demo', '--json', '--plan', file]);
  expect(code).toBe(0);
  const run = foldEvents(eventsOf(stdout));
  expect(run.model).toBe(null);
  expect(run.tasks.map(({ task_id, status }) => [task_id, status])).toEqual([['ask', 'completed']]);
  expect(run.answer.text).toContain('Madrid');
});

test('Ctrl-C stops the demo in order: exit code 130, and nothing is left', async () => {
  const TMPDIR = scratchFolder();
  const demo = openCommand(['demo', '--json'], { TMPDIR });
  await demo.firstLine();
  demo.child.kill('SIGINT');
  // npm passes Ctrl-C on although the terminal has told everybody: that is not a second one.
  demo.child.kill('SIGINT');
  expect((await demo.ended).code).toBe(130);
  expect(leftIn(TMPDIR, 'baton-demo-')).toEqual([]);
});

test('when the reader of stdout leaves, the demo ends quietly', async () => {
  const TMPDIR = scratchFolder();
  const demo = openCommand(['demo', '--json'], { TMPDIR });
  await demo.firstLine();
  demo.child.stdout?.destroy();
  const { code, stderr } = await demo.ended;
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(leftIn(TMPDIR, 'baton-demo-')).toEqual([]);
});

test.each([
  ['an unknown option', ['--nonsense'], "unknown option '--nonsense'"],
  ['a query and a plan', ['a query', '--plan', 'x.json'], 'expected a query, --plan or --second, and only one'],
  ['two kinds of query', ['--second', '--plan', 'x.json'], "cannot be used with option '--second'"],
  ['a plan that is not there', ['--plan', 'nowhere.json'], 'Cannot read the plan: ENOENT'],
  ['a plan that is no JSON', ['--plan', '/dev/null'], 'Expected JSON in /dev/null'],
])('%s is a matter of usage: exit code 2', async (_what, args, complaint) => {
  const { code, stdout, stderr } = await runCommand(['demo', ...args]);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toContain(complaint);
});

import { expect, test } from 'vitest';
import { z } from 'zod';
import { defineAgent } from '../agents/definition.ts';
import { BatonError } from '../contracts/error.ts';
import { definePlan } from './define-plan.ts';
import { resultOf } from './result-of.ts';
import { approve, task } from './task.ts';

const writer = defineAgent({
  id: 'writer',
  description: 'Writes.',
  capabilities: ['text_generation', 'translation'],
  input: z.object({ topic: z.string() }),
  output: z.object({ title: z.string() }),
  invoke: ({ topic }) => ({ title: topic }),
});

const outline = () => task(writer, { input: { topic: 'x' } });

const runOf = (results: readonly object[], interrupts: readonly object[] = [], status = 'completed') =>
  ({ run_id: 'r1', status, results, interrupts, response: null, error: null }) as unknown as Parameters<
    typeof resultOf
  >[0]; // as much of a run as is read

test('handles become dependencies, agents pins, and what is not said stays out', () => {
  const first = outline();
  const second = task(writer, {
    input: { topic: 'y' },
    description: 'Translate it.',
    capability: 'translation',
    needs: [first],
    after: [],
    priority: 'high',
    timeout_ms: 5_000,
    join: { min_fraction: 1, late: 'keep' },
  });
  const plan = definePlan({ name: 'p', query: 'q', tasks: { first, second }, answer: second });
  expect(plan).toMatchObject({ plan_id: 'p', original_query: 'q', answer: { from: 'second' } });
  expect(plan.sub_tasks[0]).toEqual({
    ...{ task_id: 'first', description: 'Writes.', required_capability: 'text_generation', kind: 'agent' },
    ...{ agent: 'writer', input_data: { topic: 'x' }, depends_on: [], after: [] },
    ...{ on_dependency_failure: 'skip', optional: false },
  });
  expect(plan.sub_tasks[1]).toMatchObject({
    ...{ required_capability: 'translation', depends_on: ['first'], priority: 'high', timeout_ms: 5_000 },
    join: { min_fraction: 1, late: 'keep' },
  });
});

test('a map, a review, a vote and a question are said by their own fields', () => {
  const list = task('search', { input: { query: 'towns' } });
  const each = task(writer, { map: { over: list, path: 'towns', max_items: 3 } });
  const own = task(writer, { map: { over: 'items' }, input: { items: [1, 2] } });
  const body = task(writer, { input: { topic: 'z' }, review: { reviewer: 'critic', max_revisions: 1 } });
  const judged = task(writer, { kind: 'review', needs: [body], review: { revise: [body] } });
  const vote = task(writer, { input: { topic: 'v' }, consensus: { agents: 3 } });
  const asked = approve('Go?', { needs: [judged], expires_ms: 1_000, on_expiry: 'approve' });
  const { sub_tasks } = definePlan({ tasks: { list, each, own, body, judged, vote, asked } });
  expect(Object.fromEntries(sub_tasks.map(({ task_id, kind, agent }) => [task_id, [kind, agent]]))).toEqual({
    ...{ list: ['agent', undefined], each: ['map', 'writer'], own: ['map', 'writer'], body: ['agent', 'writer'] },
    ...{ judged: ['review', undefined], vote: ['vote', undefined], asked: ['approval', undefined] },
  });
  expect(sub_tasks[1]).toMatchObject({
    depends_on: ['list'],
    map: { over: { task: 'list', path: 'towns' }, max_items: 3 },
  });
  expect(sub_tasks[2]).toMatchObject({ map: { over: { input: 'items' } } });
  expect(sub_tasks[4]).toMatchObject({ review: { reviewer: 'writer', revise: ['body'] } });
  expect(sub_tasks[6]).toMatchObject({ approval: { expires_ms: 1_000, on_expiry: 'approve' }, description: 'Go?' });
});

test.each([
  [
    'a task that is not in the plan',
    () => definePlan({ tasks: { b: task(writer, { input: { topic: 'b' }, needs: [outline()] }) } }),
    /needs "writer", which is not among/,
  ],
  ['an id that is none', () => definePlan({ tasks: { 'not an id': outline() } }), /task_id/],
  ['no task at all', () => definePlan({ tasks: {} }), /sub_tasks/],
  [
    'one task under two names',
    () => {
      const a = outline();
      return definePlan({ tasks: { a, b: a } });
    },
    /twice/,
  ],
  [
    'one task in two plans under two names',
    () => {
      const a = outline();
      return [definePlan({ tasks: { a } }), definePlan({ tasks: { b: a } })];
    },
    /"a" in another plan and "b" in this one/,
  ],
  [
    'a vote with a quorum of nobody',
    () => definePlan({ tasks: { v: task('search', { consensus: { agents: 2, quorum: 3 } }) } }),
    /quorum/,
  ],
])('%s is refused by name', (_what, make, message) => {
  expect(make).toThrow(expect.objectContaining({ code: 'invalid_plan' }));
  expect(make).toThrow(message);
});

test('a result is what its agent’s schema makes of the text', () => {
  const first = outline();
  const towns = task(writer, { map: { over: 'items' } });
  definePlan({ tasks: { first, towns } });
  const texts = [{ task_id: 'first', status: 'completed', response: '{"title":"T"}' }];
  expect(resultOf(runOf(texts), first)).toEqual({ title: 'T' });
  const list = JSON.stringify(['{"title":"A"}', null]);
  expect(resultOf(runOf([{ task_id: 'towns', status: 'completed', response: list }]), towns)).toEqual([
    { title: 'A' },
    null,
  ]);
});

test.each([
  [
    'prose',
    [{ task_id: 'first', status: 'completed', response: 'A title' }],
    'completed',
    'agent_protocol',
    'no JSON: A title',
  ],
  [
    'another form',
    [{ task_id: 'first', status: 'completed', response: '{"title":1}' }],
    'completed',
    'agent_protocol',
    'title: ',
  ],
  [
    'a failure',
    [{ task_id: 'first', status: 'failed', response: '', error: { code: 'agent_busy', message: 'full' } }],
    'completed',
    'agent_busy',
    'Task "first" failed: full',
  ],
  ['nothing yet', [], 'running', 'still_running', 'has no result yet'],
  ['nothing', [], 'cancelled', 'invalid_request', 'no result of the task "first"'],
])('%s is an error that says so', (_what, results, status, code, message) => {
  const first = outline();
  definePlan({ tasks: { first } });
  const read = () => resultOf(runOf(results, [], status), first);
  expect(read).toThrow(BatonError);
  expect(read).toThrow(expect.objectContaining({ code }));
  expect(read).toThrow(message);
});

test('what a human decided is the result of a question', () => {
  const asked = approve('Go?');
  definePlan({ tasks: { asked } });
  const interrupts = (state: string) => [{ task_id: 'asked', subject: 'input', state }];
  const yes = { task_id: 'asked', status: 'completed', response: 'on Monday' };
  expect(resultOf(runOf([yes], interrupts('edited')), asked)).toEqual({ decision: 'edited', text: 'on Monday' });
  const no = { task_id: 'asked', status: 'skipped', response: '', error: { code: 'rejected', message: 'no' } };
  expect(resultOf(runOf([no], interrupts('rejected')), asked)).toEqual({ decision: 'rejected', text: '' });
});

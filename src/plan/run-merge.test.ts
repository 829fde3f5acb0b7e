import { expect, test } from 'vitest';
import { Plan } from '../contracts/plan.ts';
import { type TaskResult, unfinishedTask } from '../contracts/result.ts';
import { mergeRun } from './run-merge.ts';

const plan = (...ids: readonly string[]): Plan =>
  Plan.parse({ sub_tasks: ids.map((task_id) => ({ task_id, description: 'do', required_capability: 'custom' })) });

const failed = (task_id: string): TaskResult =>
  unfinishedTask({ task_id, agent_id: 'x', attempts: 1, latency_ms: 0 }, 'failed', {
    code: 'agent_failed',
    message: '',
  });
const gave = (task_id: string, rest: Partial<TaskResult> = {}): TaskResult => ({
  ...failed(task_id),
  ...{ status: 'completed', success: true, error: null, response: `${task_id} says` },
  ...rest,
});
const merge = (ids: readonly string[], results: readonly TaskResult[]) =>
  mergeRun(plan(...ids), new Map(results.map((result) => [result.task_id, result])));

test('a reviewer’s word counts before the agent’s own, and either before nothing', () => {
  const found = merge(
    ['a', 'b', 'c'],
    [gave('a', { quality: 0.9, confidence: 0.1 }), gave('b', { confidence: 0.4 }), gave('c')],
  );
  expect(found?.parts.map(({ task_id, quality }) => [task_id, quality])).toEqual([
    ['a', 0.9],
    ['b', 0.4],
    ['c', 0.5],
  ]);
});

test('only what completed counts, and a draft counts in its review', () => {
  const reviewed = Plan.parse({
    sub_tasks: [
      { task_id: 'a.draft', description: 'do', required_capability: 'custom' },
      { task_id: 'a', description: 'do', required_capability: 'custom', kind: 'review', depends_on: ['a.draft'] },
      { task_id: 'b', description: 'do', required_capability: 'custom' },
    ],
  });
  const results = [gave('a.draft'), gave('a'), failed('b')].map((result) => [result.task_id, result] as const);
  expect(mergeRun(reviewed, new Map(results))?.parts.map(({ task_id }) => task_id)).toEqual(['a']);
  expect(merge(['b'], [failed('b')])).toBeNull();
});

test('work of other tasks that was reviewed counts in its review, unless that failed', () => {
  const reviewed = Plan.parse({
    sub_tasks: [
      { task_id: 'a', description: 'do', required_capability: 'custom' },
      { task_id: 'r', description: 'do', required_capability: 'custom', kind: 'review', depends_on: ['a'] },
    ],
  });
  const first = gave('a', { response: '{"year": 1968}' });
  const mended = gave('r', { response: '{"year": 1969}', quality: 0.9 });
  const mergeOf = (...results: readonly TaskResult[]) =>
    mergeRun(reviewed, new Map(results.map((result) => [result.task_id, result])));
  expect(mergeOf(first, mended)).toMatchObject({
    parts: [{ task_id: 'r', share: 1 }],
    quality: 0.9,
    contradictions: [],
  });
  expect(mergeOf(first, failed('r'))?.parts.map(({ task_id }) => task_id)).toEqual(['a']);
});

test('results in JSON that differ in a field contradict each other; wording does not count', () => {
  const found = merge(
    ['a', 'b', 'c'],
    [
      gave('a', { response: '{"city": "Paris", "year": 1889, "list": [1]}' }),
      gave('b', { response: 'Here: {"city": "paris.", "year": 1887, "list": [2]}' }),
      gave('c', { response: 'It was 1900.' }),
    ],
  );
  expect(found?.contradictions).toEqual([{ field: 'year', values: { a: '1889', b: '1887' } }]);
});

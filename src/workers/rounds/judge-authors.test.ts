import { expect, test } from 'vitest';
import { TaskResult } from '../../contracts/result.ts';
import { ReviewVerdict } from '../../contracts/review.ts';
import { judgementsOf } from './judge-authors.ts';

const result = (task_id: string, agent_id: string): readonly [string, TaskResult] => [
  task_id,
  TaskResult.parse({
    ...{ task_id, agent_id, status: 'completed', success: true, response: task_id, streaming_mode: null, error: null },
    ...{ latency_ms: 1, attempts: 1, confidence: null, usage: null, truncated: false },
  }),
];
const results = new Map([result('a', 'ann'), result('b', 'bob'), result('r.1', 'ann')]);
const planned = new Map([
  ['a', { required_capability: 'search' as const }],
  ['b', { required_capability: 'translation' as const }],
]);
const verdict = (score: number | null) => ReviewVerdict.parse({ acceptable: false, score, feedback: 'more' });
const first = { versions: { a: 'a', b: 'b' }, before: { a: 'a', b: 'b' }, revisions: 0, results };

test('a score counts for the author of every text that it is about, for the capability of its task', () => {
  expect(judgementsOf(first, verdict(0.25), planned)).toEqual([
    { agent: 'ann', capability: 'search', quality: 0.25 },
    { agent: 'bob', capability: 'translation', quality: 0.25 },
  ]);
});

test('after a revision only the new text is judged: the other one was before', () => {
  const revised = { ...first, versions: { a: 'r.1', b: 'b' }, revisions: 1 };
  expect(judgementsOf(revised, verdict(0.9), planned)).toEqual([{ agent: 'ann', capability: 'search', quality: 0.9 }]);
});

test('nobody is judged without a score, nor for a text that a revision did not change', () => {
  expect(judgementsOf(first, verdict(null), planned)).toEqual([]);
  expect(judgementsOf(first, undefined, planned)).toEqual([]);
  expect(judgementsOf({ ...first, revisions: 1 }, verdict(1), planned)).toEqual([]);
});

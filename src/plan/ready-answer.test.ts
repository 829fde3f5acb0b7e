import { expect, test } from 'vitest';
import { limits } from '../contracts/limits.ts';
import { Plan } from '../contracts/plan.ts';
import { TaskResult } from '../contracts/result.ts';
import { applyOwnReviews } from './own-reviews.ts';
import { type Lone, loneAnswer, readyAnswer } from './ready-answer.ts';

const plan = (answer: object | undefined, rest: object = {}): Plan =>
  Plan.parse({
    sub_tasks: ['a', 'b', 'c'].map((task_id) => ({
      task_id,
      description: 'd',
      required_capability: 'search',
      ...rest,
    })),
    answer,
  });

const result = (task_id: string, response: string, status = 'completed'): TaskResult =>
  TaskResult.parse({
    ...{ task_id, agent_id: 'x', status, success: status === 'completed', response, streaming_mode: null, error: null },
    ...{ latency_ms: 1, attempts: 1, confidence: null, usage: null, truncated: false },
  });

const lone = (rest: Partial<Lone> = {}): Lone => {
  const { sub_tasks, ...planned } = plan(undefined);
  return {
    ...{ plan: { ...planned, sub_tasks: sub_tasks.slice(0, 1) }, results: [result('a', 'A')] },
    ...{ isPlanned: true, modelCalls: 2, ...rest },
  };
};

test('the text of a query’s only agent is the answer once the model was called twice for it', () => {
  expect(loneAnswer(lone())).toEqual({ text: 'A', warning: null });
  expect(loneAnswer(lone({ modelCalls: 1 }))).toBeUndefined();
});

test('with more tasks, a ready plan, or a task that gave nothing the model makes the answer, however often it was called', () => {
  expect(loneAnswer(lone({ plan: plan(undefined), modelCalls: 9 }))).toBeUndefined();
  expect(loneAnswer(lone({ isPlanned: false, modelCalls: 9 }))).toBeUndefined();
  expect(loneAnswer(lone({ results: [result('a', '', 'failed')] }))).toBeUndefined();
});

const all = [result('c', 'C'), result('a', 'A'), result('b', 'B')];

test('without a word of the plan the model makes the answer', () => {
  expect(readyAnswer(plan(undefined), all)).toBeUndefined();
});

test('the text of one task is the answer; when it did not complete, the model makes one of the others', () => {
  expect(readyAnswer(plan({ from: 'b' }), all)).toEqual({ text: 'B', warning: null });
  expect(readyAnswer(plan({ from: 'b' }), [result('a', 'A'), result('b', 'half', 'failed')])).toBeUndefined();
});

test('all texts are joined in the plan’s order, without those that failed or are empty', () => {
  expect(readyAnswer(plan({ join: '|' }), all)?.text).toBe('A|B|C');
  expect(readyAnswer(plan({ join: '|' }), [result('c', 'C'), result('a', ' '), result('b', 'B', 'failed')])?.text).toBe(
    'C',
  );
});

test('a reviewed task counts once', () => {
  const reviewed = applyOwnReviews(plan({ join: '|' }, { review: {} }));
  const results = reviewed.sub_tasks.map(({ task_id }) => result(task_id, task_id));
  expect(readyAnswer(reviewed, results)?.text).toBe('a|b|c');
});

test('an answer beyond its bound is cut, with a warning', () => {
  const long = 'x'.repeat(limits.outputChars);
  const ready = readyAnswer(plan({ join: '|' }), [result('a', long), result('b', long)]);
  expect(ready?.text).toHaveLength(limits.outputChars);
  expect(ready?.warning).toContain('cut');
});

import { expect, test } from 'vitest';
import { planOf } from '../../test/support/plans.ts';
import { frozenPlan } from './frozen-plan.ts';
import { validatePlan } from './validate.ts';

test('a frozen plan has no id of its run, and keeps the query that it was made for', () => {
  const plan = { ...planOf({ a: {} }), plan_id: 'r1' };
  expect(frozenPlan(plan, 'asked', [])).toEqual({ ...plan, plan_id: '', original_query: 'asked' });
  expect(frozenPlan({ ...plan, original_query: 'first' }, 'asked', []).original_query).toBe('first');
});

test('tasks that patches have replaced are left out, and nothing waits for them', () => {
  const plan = planOf({
    a: {},
    old: { after: ['a'] },
    new: { after: ['a'], behind: ['old'] },
    end: { after: ['old', 'new'] },
  });
  const { sub_tasks } = frozenPlan(plan, '', [{ task: 'bad', superseded: ['old'] }]);
  expect(sub_tasks.map(({ task_id, depends_on, after }) => [task_id, depends_on, after])).toEqual([
    ['a', [], []],
    ['new', ['a'], []],
    ['end', ['new'], []],
  ]);
});

test('what named a replaced task is a valid plan without it: an answer, a join, a review', () => {
  const sketch = planOf({
    a: {},
    old: {},
    joined: { after: ['old'], on_dependency_failure: 'partial', join: {} },
    reviewed: {
      kind: 'review',
      after: ['a', 'old'],
      on_dependency_failure: 'partial',
      review: { revise: ['a', 'old'] },
    },
  });
  const plan = { ...sketch, answer: { from: 'old' } };
  const frozen = frozenPlan(plan, '', [{ task: 'bad', superseded: ['old'] }]);
  expect(validatePlan(frozen)).toEqual([]);
  expect([frozen.answer, frozen.sub_tasks[1]?.join, frozen.sub_tasks[2]?.review?.revise]).toEqual([
    undefined,
    undefined,
    ['a'],
  ]);
  const other = { ...plan, answer: { from: 'a' } };
  expect(frozenPlan(other, '', [{ task: 'bad', superseded: ['old'] }]).answer).toEqual({ from: 'a' });
});

test('what a patch made up for does not fail the plan that has its remedy', () => {
  const plan = planOf({ bad: {}, good: {}, 'bad.r1': {} });
  const { sub_tasks } = frozenPlan(plan, '', [{ task: 'bad', superseded: [] }]);
  expect(sub_tasks.map(({ task_id, optional }) => [task_id, optional])).toEqual([
    ['bad', true],
    ['good', false],
    ['bad.r1', false],
  ]);
});

import { expect, test } from 'vitest';
import { Plan } from '../contracts/plan.ts';
import { applyOwnReviews } from './own-reviews.ts';

const planOf = (...tasks: readonly Record<string, unknown>[]): Plan =>
  Plan.parse({ sub_tasks: tasks.map((task) => ({ description: 'do', required_capability: 'custom', ...task })) });

const plan = planOf(
  { task_id: 'a' },
  {
    ...{ task_id: 'b', depends_on: ['a'], after: ['a'], agent: 'writer', retries: 1, priority: 'high', optional: true },
    ...{ review: { max_revisions: 1 }, approval: { when: 'after' }, join: {} },
  },
  { task_id: 'c', depends_on: ['b'] },
);

test('a task with a review of its own becomes its work and the review that gives the result', () => {
  const [a, draft, b, c] = applyOwnReviews(plan).sub_tasks;
  expect([a, c]).toEqual([plan.sub_tasks[0], plan.sub_tasks[2]]);
  expect(draft).toMatchObject({
    task_id: 'b.draft',
    kind: 'agent',
    depends_on: ['a'],
    after: ['a'],
    agent: 'writer',
    join: {},
  });
  expect([draft?.review, draft?.approval]).toEqual([undefined, undefined]);
  expect(b).toMatchObject({ task_id: 'b', kind: 'review', depends_on: ['b.draft'], review: { max_revisions: 1 } });
  expect(b).toMatchObject({ optional: true, priority: 'high', approval: { when: 'after' } });
  expect([b?.agent, b?.join, b?.after]).toEqual([undefined, undefined, []]);
});

test('whether the files of its answer are kept is said of the task that gives the result', () => {
  const task = { task_id: 'b', review: { max_revisions: 1 } };
  const own = (more: object) => applyOwnReviews(planOf({ ...task, ...more })).sub_tasks[1]?.artifacts;
  expect([own({ artifacts: true }), own({ artifacts: false }), own({})]).toEqual([true, false, undefined]);
});

test('applying it again, or to a plan without reviews, changes nothing', () => {
  const once = applyOwnReviews(plan);
  expect(applyOwnReviews(once)).toBe(once);
  const plain = planOf({ task_id: 'a' });
  expect(applyOwnReviews(plain)).toBe(plain);
});

import { expect, test } from 'vitest';
import { planOf } from '../../test/support/plans.ts';
import { planEditFaults } from './plan-edit.ts';

const asked = planOf({ a: { input_data: { x: 1, y: 2 } }, b: { after: ['a'] } });
const nothing = { points: { interrupt_before: [], interrupt_after: [] }, reused: [] };

test('a plan with faults is refused as any plan is', () => {
  const edited = planOf({ a: { after: ['nobody'] } });
  expect(planEditFaults({ ...nothing, asked, edited })).toMatchObject([{ path: 'sub_tasks[0].depends_on[0]' }]);
});

test('a task that the run stops at must stay; a point that named nothing before is no fault of the edit', () => {
  const points = { interrupt_before: ['b', 'nobody'], interrupt_after: [] };
  const renamed = planOf({ a: {}, c: { after: ['a'] } });
  const faults = planEditFaults({ ...nothing, points, asked, edited: renamed });
  expect(faults).toMatchObject([{ path: 'sub_tasks', message: expect.stringContaining('"b" is no task') }]);
  expect(planEditFaults({ ...nothing, points, asked, edited: planOf({ b: {} }) })).toEqual([]);
});

test('a re-used task must stay as it is, whatever the order of its fields', () => {
  const reused = ['a'];
  const edit = (edited: ReturnType<typeof planOf>) => planEditFaults({ ...nothing, reused, asked, edited });
  const b = { after: ['a'], input_data: { new: true } };
  expect(edit(planOf({ b, a: { input_data: { y: 2, x: 1 } } }))).toEqual([]);
  const [changed] = edit(planOf({ b, a: { input_data: { x: 2, y: 2 } } }));
  expect(changed).toMatchObject({ path: 'sub_tasks[1]', message: expect.stringContaining('"a" is re-used') });
  expect(edit(planOf({ b: {} }))).toMatchObject([{ path: 'sub_tasks' }]);
});

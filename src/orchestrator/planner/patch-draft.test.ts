import { expect, test } from 'vitest';
import { Plan } from '../../contracts/plan.ts';
import { type PatchDraft, toPatch } from './patch-draft.ts';

const plan = Plan.parse({
  sub_tasks: ['t1', 't2', 't3'].map((task_id) => ({ task_id, description: 'x', required_capability: 'search' })),
});
const [, failed] = plan.sub_tasks;

type Added = PatchDraft['add_tasks'][number];
const added = (task_id: string, depends_on: string[] = []): Added => ({
  ...{ task_id, depends_on, description: `do ${task_id}` },
  ...{ required_capability: 'search', input_data: [] },
});

function draft(add_tasks: Added[], supersede_pending: string[] = []) {
  if (failed === undefined) throw new Error('the plan has a second task');
  return toPatch({ reason: 'why', add_tasks, supersede_pending }, { plan, task: failed, agents: [] });
}

test('new tasks are called after the one they make up for, and their dependencies with them', () => {
  const drafted = draft([added('new1', ['t1']), added('new2', ['new1', 'nobody'])], ['t3', 't3']);
  expect(drafted).toMatchObject({
    ok: true,
    patch: {
      supersede_pending: ['t3'],
      add_tasks: [
        { task_id: 't2.r1', depends_on: ['t1'] },
        { task_id: 't2.r2', depends_on: ['t2.r1', 'nobody'] },
      ],
    },
  });
});

test('an id that means two tasks is a fault', () => {
  expect(draft([added('t1'), added('new1'), added('new1')])).toEqual({
    ok: false,
    faults: [
      { path: 'add_tasks[0].task_id', message: '"t1" is the id of a task of the plan' },
      { path: 'add_tasks[2].task_id', message: '"new1" is the id of an earlier new task too' },
    ],
  });
});

test('names of a task with the longest id still fit', () => {
  if (failed === undefined) throw new Error('the plan has a second task');
  const task = { ...failed, task_id: 't'.repeat(64) };
  const change = { reason: 'why', add_tasks: [added('new1')], supersede_pending: [] };
  expect(toPatch(change, { plan, task, agents: [] }).ok).toBe(true);
});

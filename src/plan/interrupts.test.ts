import { expect, test } from 'vitest';
import { Plan } from '../contracts/plan.ts';
import { RunOptions } from '../contracts/run-options.ts';
import { applyInterrupts, asksAboutPlan, faultyPoints } from './interrupts.ts';

const task = (task_id: string, more: object = {}) => ({
  task_id,
  description: task_id,
  required_capability: 'custom',
  ...more,
});
const plan = Plan.parse({
  sub_tasks: [
    task('a'),
    task('list', { kind: 'map', input_data: { items: [] }, map: { over: { input: 'items' } } }),
    task('sum', { depends_on: ['a', 'list'], join: { min_fraction: 0.5 } }),
    task('own', { approval: { when: 'before', expires_ms: 5_000, on_expiry: 'approve' } }),
    task('ask', { kind: 'approval' }),
  ],
});
const points = (before: readonly string[], after: readonly string[]) =>
  RunOptions.parse({ interrupt_before: before, interrupt_after: after });
const whens = (before: readonly string[], after: readonly string[]) =>
  Object.fromEntries(
    applyInterrupts(plan, points(before, after)).sub_tasks.map(({ task_id, approval }) => [task_id, approval?.when]),
  );

test('points are task ids, kinds of tasks, and joins', () => {
  expect(whens(['a', 'map'], ['join'])).toEqual({
    a: 'before',
    list: 'before',
    sum: 'after',
    own: 'before',
    ask: undefined,
  });
  expect(whens(['agent'], [])).toMatchObject({ a: 'before', list: undefined, sum: 'before', own: 'before' });
});

test('before and after together are both, and what a task asks for by itself is kept', () => {
  expect(whens(['a'], ['a', 'own'])).toMatchObject({ a: 'both', own: 'both' });
  const own = applyInterrupts(plan, points([], ['own'])).sub_tasks.find(({ task_id }) => task_id === 'own');
  expect(own?.approval).toEqual({ when: 'both', expires_ms: 5_000, on_expiry: 'approve' });
});

test("a run's own times are those of the questions it adds; what a task says itself wins", () => {
  const interrupt = { expires_ms: 900, on_expiry: 'approve' } as const;
  const options = { ...points(['a', 'own'], []), interrupt };
  const approvals = applyInterrupts(plan, options).sub_tasks.map(({ approval }) => approval);
  expect(approvals[0]).toEqual({ when: 'before', ...interrupt });
  expect(approvals[3]).toMatchObject({ expires_ms: 5_000 });
  expect(RunOptions.safeParse({ interrupt: { expires_ms: 1 } }).success).toBe(false);
  expect(RunOptions.safeParse({ interrupt: { when: 'after' } }).success).toBe(false);
});

test('a task of kind approval is the question itself and stays as it is', () => {
  expect(whens(['approval', 'ask'], ['ask'])).toMatchObject({ ask: undefined });
});

test('applying the points again changes nothing, and no points change nothing', () => {
  const options = points(['a', 'join'], ['agent']);
  const once = applyInterrupts(plan, options);
  expect(applyInterrupts(once, options)).toEqual(once);
  expect(applyInterrupts(plan, points([], []))).toBe(plan);
});

test('the plan is asked about before or after it', () => {
  expect([points(['plan'], []), points([], ['plan']), points(['a'], [])].map(asksAboutPlan)).toEqual([
    true,
    true,
    false,
  ]);
});

test('a point that is no task of the plan is named with its place', () => {
  const faults = faultyPoints(plan, points(['a', 'nobody'], ['plan', 'join', 'no_one']));
  expect(faults.map(({ path }) => path)).toEqual(['options.interrupt_before[1]', 'options.interrupt_after[2]']);
  expect(faults[0]?.message).toContain('"nobody" is no task of this plan');
});

test('a point that is both a task and a kind of point is ambiguous, when it is used', () => {
  const named = Plan.parse({ sub_tasks: [task('plan'), task('map')] });
  const [fault, ...others] = faultyPoints(named, points(['join', 'plan'], ['agent']));
  expect(others).toEqual([]);
  expect(fault).toMatchObject({ path: 'options.interrupt_before[1]', message: expect.stringContaining('another id') });
});

import { expect, test } from 'vitest';
import { Plan } from '../contracts/plan.ts';
import type { TaskResult } from '../contracts/result.ts';
import { runOutcome } from './run-outcome.ts';

const plan = Plan.parse({
  sub_tasks: ['a', 'b'].map((task_id) => ({ task_id, description: 'x', required_capability: 'custom' })),
});
const result = (task_id: string, status: TaskResult['status'], message = 'it broke'): [string, TaskResult] => [
  task_id,
  {
    task_id,
    status,
    agent_id: 'x',
    success: status === 'completed',
    response: '',
    streaming_mode: null,
    error: status === 'completed' ? null : { code: 'agent_failed', message },
    latency_ms: 1,
    attempts: 1,
    confidence: null,
    usage: null,
    cost: null,
    truncated: false,
  },
];

test('all completed: an answer without a warning', () => {
  expect(runOutcome(plan, new Map([result('a', 'completed'), result('b', 'completed')]))).toEqual({
    answerable: true,
    partial: false,
    warnings: [],
  });
});

test('one failed: a partial answer that names it', () => {
  expect(runOutcome(plan, new Map([result('a', 'completed'), result('b', 'failed')]))).toEqual({
    answerable: true,
    partial: true,
    warnings: ['b failed: it broke'],
  });
});

test('none completed, or no result at all: no answer', () => {
  expect(runOutcome(plan, new Map([result('a', 'failed')]))).toEqual({
    answerable: false,
    partial: true,
    warnings: ['a failed: it broke', 'b has no result: its job was removed'],
  });
});

const items = { kind: 'map', input_data: { items: [] }, map: { over: { input: 'items' } } };
const mapPlan = Plan.parse({
  sub_tasks: [{ task_id: 'm', description: 'x', required_capability: 'custom', ...items }],
});
const failing = [10, 2, 1, 9, 3, 11, 0].map((place) => result(`m.${place}`, 'failed'));
const inOrder = 'm.0, m.1, m.2, m.3, m.9, m.10, m.11: it broke';

test('every item that a map went on without is named, in the order of its list', () => {
  expect(runOutcome(mapPlan, new Map([...failing, result('m', 'completed'), result('m.4', 'completed')]))).toEqual({
    answerable: true,
    partial: true,
    warnings: [`m went on without 7 of its items: ${inOrder}`],
  });
});

test('so is every item for which a map failed, however short its own error is', () => {
  const [id, map] = result('m', 'failed', '7 of 8 items did not');
  const failed: TaskResult = { ...map, error: { code: 'map_failed', message: '7 of 8 items did not' } };
  expect(runOutcome(mapPlan, new Map([...failing, [id, failed]])).warnings).toEqual([
    `m failed: 7 of its items did not complete: ${inOrder}`,
  ]);
});

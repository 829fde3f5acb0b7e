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

import { expect, test } from 'vitest';
import { BatonError } from '../contracts/error.ts';
import { Plan } from '../contracts/plan.ts';
import { type TaskResult, unfinishedTask } from '../contracts/result.ts';
import type { Stop } from '../contracts/run.ts';
import { stoppedOutcome } from './stopped-outcome.ts';

const plan = Plan.parse({
  sub_tasks: ['a', 'b', 'c'].map((task_id) => ({ task_id, description: 'x', required_capability: 'custom' })),
});
const skipped = (task_id: string): TaskResult =>
  unfinishedTask(
    { task_id, agent_id: 'x', attempts: 1, latency_ms: 1 },
    'skipped',
    new BatonError('run_deadline', 'too late').toRecord(),
  );
const completed = (task_id: string): TaskResult => ({
  ...skipped(task_id),
  status: 'completed',
  success: true,
  error: null,
});
const stop = (as: Stop['as']): Stop => ({ as, code: 'run_deadline', message: 'time is up' });
const some = new Map([
  ['a', completed('a')],
  ['b', skipped('b')],
]);

test('a part of an answer names why it is one, and each task that is missing', () => {
  expect(stoppedOutcome(stop('partial'), plan, some)).toEqual({
    as: 'partial',
    warnings: ['time is up', 'b skipped: too late', 'c did not end'],
  });
});

test('where nothing completed, or nothing was planned, there is no part of an answer: the run fails', () => {
  expect(stoppedOutcome(stop('partial'), plan, new Map([['b', skipped('b')]]))).toEqual({
    as: 'failed',
    warnings: ['a did not end', 'b skipped: too late', 'c did not end'],
  });
  expect(stoppedOutcome(stop('partial'), null, new Map())).toEqual({ as: 'failed', warnings: [] });
});

test('what must fail fails, whatever has completed; what is cancelled is cancelled without a word', () => {
  expect(stoppedOutcome(stop('failed'), plan, some)).toMatchObject({ as: 'failed' });
  expect(stoppedOutcome(stop('cancelled'), plan, some)).toEqual({ as: 'cancelled', warnings: [] });
});

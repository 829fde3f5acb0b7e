import { expect, test } from 'vitest';
import { limits } from '../contracts/limits.ts';
import { unfinishedTask } from '../contracts/result.ts';
import { approvalContent } from './approval-content.ts';

const head = { task_id: 'a', agent_id: 'poet', attempts: 1, latency_ms: 1 };
const failed = unfinishedTask(head, 'failed', { code: 'agent_failed', message: 'no ink' });
const completed = (response: string) => ({
  ...failed,
  status: 'completed' as const,
  success: true,
  response,
  error: null,
});
const task = { description: 'write', input_data: { n: 1 } };

test('a human sees the description, the input, and what each dependency gave', () => {
  const content = approvalContent(
    task,
    new Map([
      ['a', completed('Rose')],
      ['b', failed],
      ['c', undefined],
    ]),
  );
  expect(JSON.parse(content)).toEqual({ ...task, context: { a: 'Rose', b: null, c: null } });
});

test('long texts are cut until all of it fits, and say so; short ones stay whole', () => {
  const long = '"'.repeat(limits.outputChars); // each becomes two characters of JSON
  const content = approvalContent(
    task,
    new Map([
      ['a', completed(long)],
      ['b', completed('Rose')],
      ['c', completed(long)],
    ]),
  );
  expect(content.length).toBeLessThanOrEqual(limits.outputChars);
  const { context } = JSON.parse(content);
  expect(context.b).toBe('Rose');
  expect(context.a).toMatch(/shortened \.\.\.\]$/);
});

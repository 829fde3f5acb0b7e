import { expect, test } from 'vitest';
import { redactJob } from './redact.ts';

test('a task job shows ids, capability and edges, but no prompt', () => {
  const data = {
    run_id: 'r1',
    task: {
      task_id: 'a',
      description: 'my secret plan',
      required_capability: 'search',
      depends_on: ['b'],
      input_data: { query: 'canary' },
    },
    edges: [{ queue: 'cap-search', id: 'r1.2' }],
    tree: true,
  };
  expect(redactJob(data)).toEqual({
    run_id: 'r1',
    task: {
      task_id: 'a',
      description: '[14 characters]',
      required_capability: 'search',
      depends_on: ['b'],
      input_data: '[18 characters of JSON]',
    },
    edges: [{ queue: 'cap-search', id: 'r1.2' }],
    tree: true,
  });
});

test('secrets are hidden by their names, at any level; counts are not', () => {
  const value = { headers: [{ Authorization: 'Bearer sk-1' }], 'api-key': 'x', password: { a: 'y' }, max_tokens: 5 };
  expect(redactJob(value)).toEqual({
    headers: [{ Authorization: '[redacted]' }],
    'api-key': '[redacted]',
    password: '[redacted]',
    max_tokens: 5,
  });
});

test('long texts, long lists and deep values are cut', () => {
  expect(redactJob('x'.repeat(300))).toBe(`${'x'.repeat(200)}… [300 characters]`);
  expect(redactJob(Array.from({ length: 80 }, (_, index) => index))).toHaveLength(50);
  expect(JSON.stringify(redactJob({ a: { a: { a: { a: { a: { a: { a: 'deep' } } } } } } }))).not.toContain('deep');
});

test.each([null, undefined, 1, true])('%s stays', (value) => {
  expect(redactJob(value)).toBe(value);
});

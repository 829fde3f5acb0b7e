import { expect, test } from 'vitest';
import { AgentDescriptor } from '../contracts/agent.ts';
import { BatonError } from '../contracts/error.ts';
import { plainOptions } from '../contracts/run-options.ts';
import { isWithin, parseBody, parseRunRequest } from './json-body.ts';

function errorOf(action: () => unknown): BatonError {
  try {
    action();
  } catch (thrown) {
    if (thrown instanceof BatonError) return thrown;
    throw thrown;
  }
  throw new Error('expected an error, and none came');
}

const task = { task_id: 'a', description: 'do a', required_capability: 'search' };

test('a query is enough for a run', () => {
  expect(parseRunRequest({ query: ' hello ' })).toEqual({ query: 'hello', metadata: {}, options: plainOptions });
});

test('unknown fields are named', () => {
  const error = errorOf(() => parseRunRequest({ query: 'hello', querry: 1, mood: 2 }));
  expect(error.code).toBe('invalid_request');
  expect(error.message).toMatch(/"querry", "mood"/);
});

test('a plan with faults is invalid_plan, and each fault has its path', () => {
  const second = { ...task, task_id: 'b', required_capability: 'magic' };
  const third = { ...task, task_id: 'c', depends_on: ['no such id!'], colour: 'red' };
  const error = errorOf(() => parseRunRequest({ plan: { sub_tasks: [task, second, third] } }));
  expect(error.code).toBe('invalid_plan');
  expect(error.faults.map(({ path }) => path)).toEqual([
    'plan.sub_tasks[1].required_capability',
    'plan.sub_tasks[2].depends_on[0]',
    'plan.sub_tasks[2]',
  ]);
  expect(error.message).toContain('plan.sub_tasks[1].required_capability: ');
});

test.each([undefined, null, 42, 'text', [], {}, { query: '' }, { query: 1 }, { query: 'x'.repeat(64_001) }])(
  'a body %j is invalid_request',
  (body) => {
    expect(errorOf(() => parseRunRequest(body)).code).toBe('invalid_request');
  },
);

test('a deep body is refused before anything recursive sees it', () => {
  const deep = JSON.parse(`{"query":"x","metadata":${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}}`);
  expect(errorOf(() => parseRunRequest(deep)).message).toMatch(/at most 100 levels/);
  expect(errorOf(() => parseBody(AgentDescriptor, deep)).message).toMatch(/at most 100 levels/);
});

test('levels count arrays and objects', () => {
  expect(isWithin('text', 0)).toBe(true);
  expect(isWithin({}, 0)).toBe(false);
  expect(isWithin([{ a: [1] }], 3)).toBe(true);
  expect(isWithin([{ a: [1] }], 2)).toBe(false);
});

test('a __proto__ in a body changes nothing', () => {
  const body = JSON.parse('{"query":"x","metadata":{"__proto__":{"admin":true}}}');
  expect(parseRunRequest(body).metadata.admin).toBeUndefined();
  expect(errorOf(() => parseRunRequest(JSON.parse('{"query":"x","__proto__":{}}'))).code).toBe('invalid_request');
});

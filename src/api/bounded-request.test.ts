import { expect, test } from 'vitest';
import { RunRequest } from '../contracts/run.ts';
import { boundedRequest } from './bounded-request.ts';

const request = (options: object = {}) => RunRequest.parse({ query: 'q', options });

test('a run has the installation’s bound on calls of the model unless it names its own', () => {
  expect(boundedRequest({ maxModelCalls: 5 }, request()).options.max_model_calls).toBe(5);
  expect(boundedRequest({ maxModelCalls: 5 }, request({ max_model_calls: 0 })).options.max_model_calls).toBe(0);
  expect(boundedRequest({}, request()).options).not.toHaveProperty('max_model_calls');
});

test.each([-1, 1.5, 100_001, '3'])('a bound of %j is refused', (max_model_calls) => {
  expect(RunRequest.safeParse({ query: 'q', options: { max_model_calls } }).success).toBe(false);
});

import { expect, test } from 'vitest';
import { BatonError, Problem } from '../contracts/error.ts';
import { toProblem } from './problem.ts';

test('a problem carries the code, the faults and the request', () => {
  const error = new BatonError('invalid_plan', 'The plan has faults: x', { faults: [{ path: 'plan', message: 'x' }] });
  expect(Problem.parse(toProblem(error, 'req-1'))).toEqual({
    type: 'urn:baton:problem:invalid_plan',
    title: 'The plan has faults.',
    status: 422,
    detail: 'The plan has faults: x',
    instance: 'urn:baton:request:req-1',
    code: 'invalid_plan',
    errors: [{ path: 'plan', message: 'x' }],
  });
});

test('what is not ours never shows its text', () => {
  const error = new BatonError('internal', 'connect to 10.0.0.1 failed', { cause: new Error('secret') });
  expect(JSON.stringify(toProblem(error, 'r'))).not.toMatch(/10\.0\.0\.1|secret/);
});

test('a thousand faults are answered with a hundred', () => {
  const faults = Array.from({ length: 1_000 }, (_, index) => ({ path: `${index}`, message: 'no' }));
  expect(toProblem(new BatonError('invalid_request', 'x', { faults }), 'r').errors).toHaveLength(100);
});

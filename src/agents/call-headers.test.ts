import { expect, test } from 'vitest';
import { callHeaders, traceparentOf } from './call-headers.ts';

const call = { runId: 'r1', attempt: 2, idempotencyKey: 'r1.t1' };

test('a call names its task the same on every attempt, and its attempt', () => {
  expect(callHeaders(call)).toMatchObject({ 'idempotency-key': 'r1.t1', 'x-baton-attempt': '2' });
});

test('the trace is one of the W3C form: the same for a run, with a parent of its own for each attempt', () => {
  const parts = traceparentOf(call).split('-');
  expect(traceparentOf(call)).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/);
  expect(traceparentOf(call)).toBe(traceparentOf({ ...call }));
  const later = traceparentOf({ ...call, attempt: 3 }).split('-');
  const other = traceparentOf({ ...call, idempotencyKey: 'r1.t2' }).split('-');
  expect([later[1], other[1]]).toEqual([parts[1], parts[1]]);
  expect(new Set([parts[2], later[2], other[2]]).size).toBe(3);
});

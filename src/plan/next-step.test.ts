import { expect, test } from 'vitest';
import { BatonError, type ErrorCode } from '../contracts/error.ts';
import { nextStep } from './next-step.ts';
import { backoffMs } from './retry.ts';

const step = (code: ErrorCode, failures: number, othersLeft = false, retries?: number) =>
  nextStep({ task: { retries }, error: new BatonError(code), failures, othersLeft, random: 0 });

test('a failed call goes to another agent at once', () => {
  expect(step('agent_unreachable', 1, true)).toEqual({ kind: 'retry', delayMs: 0 });
});

test('the same agent is tried again after a backoff that doubles', () => {
  expect([1, 2].map((failures) => step('agent_timeout', failures))).toEqual([
    { kind: 'retry', delayMs: 1_000 },
    { kind: 'retry', delayMs: 2_000 },
  ]);
});

test('the third failure is the last by default, and retries moves that', () => {
  expect(step('agent_failed', 3, true)).toEqual({ kind: 'settle', status: 'failed' });
  expect(step('agent_failed', 1, true, 0)).toEqual({ kind: 'settle', status: 'failed' });
  expect(step('agent_failed', 5, true, 5)).toEqual({ kind: 'retry', delayMs: 0 });
});

test('an agent that asks for a wait gets it when it is longer than the backoff; another agent is tried at once', () => {
  const busy = (retryAfterMs: number, rest: { othersLeft?: boolean; restMs?: number; leftMs?: number } = {}) =>
    nextStep({
      ...{ task: {}, error: new BatonError('agent_busy', undefined, { retryAfterMs }), failures: 1, random: 0 },
      ...{ othersLeft: false, ...rest },
    });
  expect(busy(7_000)).toEqual({ kind: 'retry', delayMs: 7_000 });
  expect(busy(200)).toEqual({ kind: 'retry', delayMs: 1_000 });
  expect(busy(7_000, { othersLeft: true })).toEqual({ kind: 'retry', delayMs: 0 });
  expect(busy(7_000, { leftMs: 5_000 })).toEqual({ kind: 'retry', delayMs: 5_010 });
  expect(busy(7_000, { leftMs: -100 })).toEqual({ kind: 'retry', delayMs: 0 });
  expect(busy(0, { restMs: 7_000 }), 'which another one asked for before').toEqual({ kind: 'retry', delayMs: 7_000 });
});

test('a refused request is not sent again', () => {
  expect(step('agent_rejected', 1, true)).toEqual({ kind: 'settle', status: 'failed' });
});

test('a cancel skips, a lost lock leaves, a drain hands back: none is a failure', () => {
  expect(step('cancelled', 3)).toEqual({ kind: 'settle', status: 'skipped' });
  expect(step('lock_lost', 3)).toEqual({ kind: 'leave' });
  expect(step('draining', 3)).toEqual({ kind: 'hand_back' });
});

test('the backoff is bounded, and half of it is random', () => {
  expect(backoffMs(20, 0)).toBe(30_000);
  expect(backoffMs(20, 1)).toBe(15_000);
});

import { expect, test } from 'vitest';
import { slotWaitMs } from './slot-wait.ts';

const wait = { waiting: 1, slots: 1, callMs: 1_000, random: 0.5 };

test.each([
  ['one task looks four times while a call of a second runs', wait, 250],
  ['of eight, each looks after two calls', { ...wait, waiting: 8 }, 2_000],
  ['more slots come free sooner', { ...wait, waiting: 8, slots: 4 }, 500],
  ['a call of unknown length is taken for a short one', { ...wait, callMs: null, waiting: 8 }, 500],
  ['nobody looks more than ten times a second', { ...wait, callMs: 1 }, 100],
  ['nobody waits longer than five seconds, and its jitter', { ...wait, waiting: 1_000, random: 1 }, 7_500],
])('%s', (_, input, waitMs) => {
  expect(slotWaitMs(input)).toBe(waitMs);
});

import { expect, test } from 'vitest';
import { backoffMs, pause } from './backoff.ts';

test('each wait is at least half of a base that doubles up to five seconds', () => {
  const lows = [1, 2, 3, 6, 40].map((failures) => backoffMs(failures, 250, () => 0));
  expect(lows).toEqual([125, 250, 500, 2_500, 2_500]);
});

test('jitter adds up to the other half', () => {
  expect(backoffMs(1, 250, () => 1)).toBe(250);
});

test("a server's own longer interval is not cut short", () => {
  expect(backoffMs(1, 60_000, () => 1)).toBe(60_000);
});

test('a pause ends at once with the reason of its signal', async () => {
  const gone = new Error('gone');
  const controller = new AbortController();
  const paused = pause(60_000, controller.signal);
  controller.abort(gone);
  await expect(paused).rejects.toBe(gone);
  await expect(pause(60_000, AbortSignal.abort(gone))).rejects.toBe(gone);
});

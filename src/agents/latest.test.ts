import { expect, test } from 'vitest';
import { openLatest } from './latest.ts';

test('a slow reader gets what came last, and the end after it', async () => {
  const box = openLatest<number>();
  const read = box[Symbol.asyncIterator]();
  box.put(1);
  expect(await read.next()).toEqual({ done: false, value: 1 });
  for (let n = 2; n < 1_000; n += 1) box.put(n);
  box.end();
  expect(await read.next()).toEqual({ done: false, value: 999 });
  expect(await read.next()).toEqual({ done: true, value: undefined });
});

test('a reader waits for what comes', async () => {
  const box = openLatest<string>();
  const next = box[Symbol.asyncIterator]().next();
  box.put('x');
  expect(await next).toEqual({ done: false, value: 'x' });
});

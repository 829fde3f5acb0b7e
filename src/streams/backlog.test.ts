import { expect, test } from 'vitest';
import type { StreamEvent } from '../contracts/event.ts';
import { limits } from '../contracts/limits.ts';
import { Backlog, type SizedEvent } from './backlog.ts';

const signal = new AbortController().signal;

function sized(number: number, bytes = 1_000): SizedEvent {
  const event: StreamEvent = {
    ...{ id: `${number}-0`, run_id: 'r', task_id: 't1', agent_id: 'poet', attempt: 1, event_type: 'token' },
    ...{ name: 'task.token', data: '', detail: {}, timestamp: '' },
  };
  return { event, bytes };
}

const idOf = (found: unknown): string => (found as StreamEvent).id; // only events are asked for

test('a reader that waits gets the next event, one that comes late gets them in order', async () => {
  const backlog = new Backlog();
  const waiting = backlog.next(signal);
  for (const number of [1, 2, 3]) backlog.push(sized(number));
  expect(idOf(await waiting)).toBe('1-0');
  expect(idOf(await backlog.next(signal))).toBe('2-0');
  expect(idOf(await backlog.next(signal))).toBe('3-0');
});

test('beyond its bound everything is dropped and the reader is told', async () => {
  const backlog = new Backlog();
  expect(backlog.push(sized(1, limits.readerBacklogBytes))).toBe(true);
  expect(backlog.push(sized(2, 1))).toBe(false);
  expect(await backlog.next(signal)).toBe('lagged');
});

test('what a reader has taken makes room again', async () => {
  const backlog = new Backlog();
  for (let number = 1; number <= 5_000; number += 1) {
    expect(backlog.push(sized(number))).toBe(true);
    if (number > 1_000) expect(idOf(await backlog.next(signal))).toBe(`${number - 1_000}-0`);
  }
});

test('a failure comes after what was heard before it', async () => {
  const backlog = new Backlog();
  backlog.push(sized(1));
  backlog.fail(new Error('gone'));
  expect(idOf(await backlog.next(signal))).toBe('1-0');
  await expect(backlog.next(signal)).rejects.toThrow('gone');
});

test('a signal ends the wait', async () => {
  const leaving = new AbortController();
  const waiting = new Backlog().next(leaving.signal);
  leaving.abort();
  expect(await waiting).toBeUndefined();
});

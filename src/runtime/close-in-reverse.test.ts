import { beforeEach, describe, expect, test } from 'vitest';
import { closeInReverse, type Resource } from './close-in-reverse.ts';

describe('closeInReverse', () => {
  const closed: string[] = [];
  const logged: unknown[] = [];
  const log = { error: (line: unknown): void => void logged.push(line) };
  const resource = (name: string, fault?: Error): Resource => ({
    name,
    close: async () => {
      closed.push(name);
      if (fault !== undefined) throw fault;
    },
  });
  const hanging: Resource = { name: 'hanging', close: () => new Promise<void>(() => undefined) };

  beforeEach(() => {
    closed.length = 0;
    logged.length = 0;
  });

  test('the last opened is closed first', async () => {
    const all = await closeInReverse([resource('redis'), resource('worker'), resource('http')], {
      drainMs: 1_000,
      log,
    });
    expect(all).toBe(true);
    expect(closed).toEqual(['http', 'worker', 'redis']);
    expect(logged).toEqual([]);
  });

  test('one that fails is logged once and does not keep the others open', async () => {
    const fault = new Error('stuck');
    const all = await closeInReverse([resource('redis'), resource('worker', fault)], { drainMs: 1_000, log });
    expect(all).toBe(false);
    expect(closed).toEqual(['worker', 'redis']);
    expect(logged).toEqual([{ err: fault, resource: 'worker' }]);
  });

  test('one that hangs is left at the deadline, and the rest still gets its least time', async () => {
    const all = await closeInReverse([resource('redis'), hanging], { drainMs: 20, leastMs: 20, log });
    expect(all).toBe(false);
    expect(closed).toEqual(['redis']);
    expect(logged).toHaveLength(1);
  });
});

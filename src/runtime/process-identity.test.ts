import { describe, expect, test } from 'vitest';
import { identityOf, isSameProcess, ownIdentity, parseStat } from './process-identity.ts';

const AFTER_COMMAND = 'S 1 42 42 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 987654 1000 200';

describe('parseStat', () => {
  test('reads state and start time', () => {
    expect(parseStat(`42 (node) ${AFTER_COMMAND}`)).toEqual({ state: 'S', startedAt: 987_654 });
  });

  test('a command with brackets and spaces does not shift the fields', () => {
    expect(parseStat(`42 (a) Z 1) (b) ${AFTER_COMMAND}`)).toEqual({ state: 'S', startedAt: 987_654 });
  });

  test('what is no such line is null', () => {
    expect(parseStat('')).toBeNull();
    expect(parseStat('42 (node) S 1')).toBeNull();
  });
});

describe('isSameProcess', () => {
  test('this process is itself', () => {
    expect(isSameProcess(ownIdentity())).toBe(true);
  });

  test('a number that nobody has is nobody', () => {
    // Above the largest number Linux gives (2^22).
    expect(isSameProcess({ pid: 2 ** 22 + 1, startedAt: null })).toBe(false);
  });

  test.skipIf(process.platform !== 'linux')('the same number with another start time is another process', () => {
    const own = identityOf(process.pid);
    expect(own.startedAt).not.toBeNull();
    expect(isSameProcess({ ...own, startedAt: Number(own.startedAt) - 1 })).toBe(false);
  });

  test('where the start time is unknown, the number decides', () => {
    expect(isSameProcess({ pid: process.pid, startedAt: null })).toBe(true);
  });
});

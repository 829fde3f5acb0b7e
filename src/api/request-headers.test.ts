import { describe, expect, test } from 'vitest';
import { BatonError } from '../contracts/error.ts';
import { plainOptions } from '../contracts/run-options.ts';
import { cursorOf, idempotencyOf, waitSecondsOf } from './request-headers.ts';

const body = { query: 'hello', metadata: {}, options: plainOptions };

describe('Prefer', () => {
  test.each([
    ['wait=5', 5],
    ['respond-async, wait=10', 10],
    ['WAIT = "7"; x=1', 7],
    ['handling=lenient,wait=3,foo', 3],
  ])('%s asks for %i seconds', (header, seconds) => {
    expect(waitSecondsOf(header)).toBe(seconds);
  });

  test('waiting is clamped to a minute', () => {
    expect(waitSecondsOf('wait=3600')).toBe(60);
  });

  test.each([undefined, '', 'respond-async', 'wait=soon', 'wait=-1', 'wait=1.5', 'await=9', 'x-wait=9'])(
    '%s asks for nothing',
    (header) => {
      expect(waitSecondsOf(header)).toBe(0);
    },
  );
});

describe('Idempotency-Key', () => {
  test('a request without one has no identity', () => {
    expect(idempotencyOf(undefined, body)).toBeUndefined();
  });

  test('a key of 255 characters is bound to its body', () => {
    const key = 'k'.repeat(255);
    expect(idempotencyOf(key, body)).toEqual({ owner: 'anonymous', key, body: JSON.stringify(body) });
  });

  test.each(['', 'k'.repeat(256)])('a key that is empty or longer is refused by name', (key) => {
    expect(() => idempotencyOf(key, body)).toThrow(/Idempotency-Key: expected 1 to 255 characters/);
  });
});

describe('the cursor', () => {
  test('Last-Event-ID wins over ?after=, because EventSource keeps its first address', () => {
    expect(cursorOf('9-0', '1-0')).toBe('9-0');
    expect(cursorOf(undefined, '1-0')).toBe('1-0');
    expect(cursorOf('', undefined)).toBeUndefined();
    expect(cursorOf(undefined, '')).toBeUndefined();
  });

  test.each(['$', '1', '1-', '-1-0', '1-0\n', '1-0 ', '0x1-0', '99999999999999999-0'])('%j is no event id', (id) => {
    expect(() => cursorOf(id, undefined)).toThrow(new BatonError('invalid_cursor'));
  });

  test('a list of cursors is none', () => {
    expect(() => cursorOf(undefined, ['1-0', '2-0'])).toThrow(new BatonError('invalid_cursor'));
  });
});

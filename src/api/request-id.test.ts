import { expect, test } from 'vitest';
import { chooseRequestId } from './request-id.ts';

test.each(['a', 'req-1', '01J9.x_y:z', 'a'.repeat(128)])('%s is kept', (given) => {
  expect(chooseRequestId(given)).toBe(given);
});

test.each([undefined, '', 'a b', 'a\r\nb', '<script>', '"x"', '-x', 'a'.repeat(129), 'é'])(
  '%j is replaced',
  (given) => {
    const id = chooseRequestId(given);
    expect(id).toMatch(/^[0-9a-f-]{36}$/);
    expect(chooseRequestId(given)).not.toBe(id);
  },
);

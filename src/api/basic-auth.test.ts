import { expect, test } from 'vitest';
import { isAllowed } from './basic-auth.ts';

const expected = { user: 'admin', password: 'a:b é' };
const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;

test('the right credentials pass, a colon in the password included', () => {
  expect(isAllowed(basic('admin:a:b é'), expected)).toBe(true);
});

test.each([
  undefined,
  '',
  'Basic',
  'Basic !!',
  basic('admin'),
  basic('admin:'),
  basic('other:a:b é'),
  basic('admin:a:b'),
  'Bearer x',
])('%s does not', (header) => {
  expect(isAllowed(header, expected)).toBe(false);
});

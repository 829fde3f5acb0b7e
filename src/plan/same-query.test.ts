import { expect, test } from 'vitest';
import { sameQuery } from './same-query.ts';

test.each([
  ['  where is it? ', 'where is it?'],
  ['where   is it?', 'where is it?'],
  ['first  line \r\nsecond', 'first line\nsecond'],
  ['no\u00a0break', 'no break'],
])('%j is the same query as %j', (query, other) => {
  expect(sameQuery(query)).toBe(sameQuery(other));
});

test.each([
  ['where is it?', 'Where is it?'],
  ['if x:\n  a\nb', 'if x:\n  a\n  b'],
  ['1\t\t3', '1\t3'],
  ['one two', 'onetwo'],
])('%j is not the same query as %j', (query, other) => {
  expect(sameQuery(query)).not.toBe(sameQuery(other));
});

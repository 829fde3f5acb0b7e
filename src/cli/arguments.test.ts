import { expect, test } from 'vitest';
import { capabilities, collect, httpUrl, wholeNumber } from './arguments.ts';

test.each(['0', '70000', '-1', '1.5', '1e3', '', 'x', '0x10'])('%j is no whole number from 1 to 65535', (text) => {
  expect(() => wholeNumber(1, 65_535)(text)).toThrow('Expected a whole number from 1 to 65535.');
});

test('a whole number within its bounds is taken', () => {
  expect(['1', '65535'].map(wholeNumber(1, 65_535))).toEqual([1, 65_535]);
});

test('capabilities are listed by commas, each counts once, and an unknown one is told what there is', () => {
  expect(capabilities('search, translation,search')).toEqual(['search', 'translation']);
  expect(() => capabilities('search,cooking')).toThrow(/no capability "cooking"; there are text_generation, /);
});

test('an option that is repeated keeps all its values', () => {
  expect(collect('b', collect('a'))).toEqual(['a', 'b']);
});

test.each(['localhost:4000', 'ftp://host', 'nowhere'])('%j is no http URL', (text) => {
  expect(() => httpUrl(text)).toThrow('Expected an http or https URL.');
});

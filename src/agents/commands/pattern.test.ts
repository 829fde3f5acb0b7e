import { expect, test } from 'vitest';
import { matches } from './pattern.ts';

test.each([
  ['a.txt', 'a.txt'],
  ['a.txt', '*.txt'],
  ['a.txt', '*'],
  ['a.txt', '**'],
  ['src/a.ts', 'src/*.ts'],
  ['src/a.ts', '**/*.ts'],
  ['a.ts', '**/*.ts'],
  ['src/deep/er/a.ts', 'src/**'],
  ['src/deep/er/a.ts', 'src/**/a.?s'],
  ['aXbXc', 'a*b*c'],
])('%s matches %s', (name, pattern) => {
  expect(matches(name, pattern)).toBe(true);
});

test.each([
  ['a.txt', 'b.txt'],
  ['a.txt', 'a.tx'],
  ['src/a.ts', '*.ts'],
  ['src/a.ts', '*'],
  ['src/deep/a.ts', 'src/*.ts'],
  ['a.tss', '*.ts'],
  ['a.+', 'a..'],
])('%s does not match %s', (name, pattern) => {
  expect(matches(name, pattern)).toBe(false);
});

test('a pattern made to be slow is not', () => {
  const began = performance.now();
  expect(matches('a'.repeat(200), `${'*a'.repeat(90)}b`)).toBe(false);
  expect(performance.now() - began).toBeLessThan(200);
});

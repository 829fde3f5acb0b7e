import { expect, test } from 'vitest';
import { isUnrunnable, testReport } from './test-report.ts';

const report = (exitCode: number | null, output: string) =>
  testReport({ exitCode, signal: null, stdout: '', stderr: output }, { no_tests: [5] }).tests_passed;

test.each<[string, number | null, string, boolean | null]>([
  ['tests that pass', 0, 'Ran 4 tests in 0.001s\n\nOK', true],
  ['a test that fails', 1, 'Ran 4 tests in 0.001s\n\nFAILED (failures=1)', false],
  ['a runner that was killed', null, '', false],
  ['no tests, by the exit code', 5, '', null],
  ['no tests of unittest', 0, '\n-----\nRan 0 tests in 0.000s\n\nOK', null],
  ['no tests of node', 0, '# tests 0\n# pass 0', null],
  ['ten tests of node', 0, '# tests 10\n# pass 10', true],
])('%s', (_what, exitCode, output, passed) => {
  expect(report(exitCode, output)).toBe(passed);
});

test('a program that is not there is no failed test, unless its operator says what its exit code means', () => {
  const end = { exitCode: 127, signal: null, stdout: '', stderr: 'pyenv: python3: command not found' };
  expect([isUnrunnable(end, { no_tests: [5] }), isUnrunnable(end, { no_tests: [127] })]).toEqual([true, false]);
  expect(isUnrunnable({ ...end, exitCode: 1 }, { no_tests: [5] })).toBe(false);
});

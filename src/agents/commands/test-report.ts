import type { CommandSetup } from './command-file.ts';
import type { ProcessEnd } from './run-process.ts';

/** What a run of tests came to. `tests_passed` is null when there were none: that says nothing about the code. */
export type TestReport = {
  readonly tests_passed: boolean | null;
  readonly exit_code: number | null;
  readonly output: string;
};

/** Characters of the output, its end, where the results stand. */
const OUTPUT_CHARS = 20_000;
/** What runners say that had nothing to run, whatever their exit code: unittest, node --test, pytest. */
const nothing = /^(?:Ran 0 tests in |# tests 0$|ℹ tests 0$|=+ no tests ran |no tests ran )/m;

/** What shells and shims end with whose program is not there or may not be run. */
const unrunnable: ReadonlySet<number | null> = new Set([126, 127]);

/** Whether there was no program to run the tests, which says nothing about the code either and is for the operator to mend. */
export function isUnrunnable({ exitCode }: ProcessEnd, { no_tests }: Pick<CommandSetup, 'no_tests'>): boolean {
  return unrunnable.has(exitCode) && !no_tests.some((code) => code === exitCode);
}

/** Reads the end of a command that runs tests. */
export function testReport(
  { exitCode, stdout, stderr }: ProcessEnd,
  { no_tests }: Pick<CommandSetup, 'no_tests'>,
): TestReport {
  const output = [stdout, stderr]
    .filter((text) => text.trim() !== '')
    .join('\n')
    .slice(-OUTPUT_CHARS)
    .toWellFormed();
  const none = exitCode !== null && (no_tests.includes(exitCode) || nothing.test(output));
  return { tests_passed: none ? null : exitCode === 0, exit_code: exitCode, output };
}

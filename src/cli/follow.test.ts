import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { emptyRun, type FoldedRun } from '../contracts/fold.ts';
import { conclude } from './follow.ts';
import { openOutput } from './output.ts';

/** The exit code of a run's end, and what stderr says. */
async function concluded(run: Partial<FoldedRun>): Promise<[code: number, stderr: string]> {
  const stderr = new PassThrough();
  const code = conclude({ ...emptyRun, ...run }, openOutput({ stdout: new PassThrough(), stderr }));
  stderr.end();
  return [code, await text(stderr)];
}

test('a run that completed is exit code 0, without a word', async () => {
  expect(await concluded({ status: 'completed' })).toEqual([0, '']);
});

test('a run that completed in part is exit code 0, and says what is missing', async () => {
  const run = { status: 'completed', partial: true, warnings: ['t2 failed: out of ink'] } as const;
  expect(await concluded(run)).toEqual([0, 'baton: the run completed in part: t2 failed: out of ink\n']);
});

test('a run that failed or was cancelled is exit code 1, with the reason', async () => {
  const error = { code: 'run_failed', message: 'no task succeeded' };
  expect(await concluded({ status: 'failed', error })).toEqual([1, 'baton: the run failed: no task succeeded\n']);
  const cancelled = { status: 'cancelled', error: { code: 'run_cancelled', message: 'asked to' } } as const;
  expect(await concluded(cancelled)).toEqual([1, 'baton: the run was cancelled: asked to\n']);
});

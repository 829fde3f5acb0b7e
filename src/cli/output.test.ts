import { PassThrough, Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { openOutput } from './output.ts';

test('writing waits for a reader that is slow', async () => {
  const stdout = new PassThrough({ highWaterMark: 4 });
  const output = openOutput({ stdout, stderr: new PassThrough() });
  let written = false;
  const writing = output.write('more than four').then(() => {
    written = true;
  });
  await output.write(''); // a turn of the loop in which a write that does not wait would have ended
  expect(written).toBe(false);
  stdout.resume();
  await writing;
});

test('a reader that leaves is noticed and writing goes on into nothing', async () => {
  const stdout = new Writable({
    highWaterMark: 1,
    write: (_chunk, _encoding, done) => done(Object.assign(new Error('broken'), { code: 'EPIPE' })),
  });
  const output = openOutput({ stdout, stderr: new PassThrough() });
  await output.write('to nobody');
  await expect.poll(() => output.gone.aborted).toBe(true);
  await output.write('to nobody');
});

test('a stream that is no terminal has no colours', () => {
  expect(openOutput({ stdout: new PassThrough(), stderr: new PassThrough() }).colours).toBe(false);
});

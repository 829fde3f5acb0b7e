import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { acquireLock } from '../../src/runtime/lock-folder.ts';

const script = fileURLToPath(new URL('../support/children/hold-lock.ts', import.meta.url));
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'baton-lock-'));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

test('of many that want it at once, one at a time has it', async () => {
  let inside = 0;
  let most = 0;
  const work = async (): Promise<void> => {
    const lock = await acquireLock({ folder, timeoutMs: 20_000 });
    inside += 1;
    most = Math.max(most, inside);
    await readdir(folder);
    inside -= 1;
    await lock.release();
  };
  await Promise.all(Array.from({ length: 6 }, work));
  expect(most).toBe(1);
  expect(await readdir(folder)).toEqual([]);
});

test('a lock held by a living process is waited for, and its holder is named when the time is up', async () => {
  const child = fork(script, [folder]);
  try {
    await once(child, 'message');
    const waitedFor: number[] = [];
    const attempt = acquireLock({ folder, timeoutMs: 150, onWait: ({ pid }) => void waitedFor.push(pid) });
    await expect(attempt).rejects.toThrow(`Process ${child.pid} has held the lock`);
    expect(waitedFor).toEqual([child.pid]);
  } finally {
    child.kill('SIGKILL');
  }
});

test('a lock whose holder was killed is free', async () => {
  const child = fork(script, [folder]);
  await once(child, 'message');
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(await readdir(folder)).toHaveLength(1);
  const lock = await acquireLock({ folder, timeoutMs: 1_000 });
  expect(await readdir(folder)).toEqual([expect.stringMatching(`^${process.pid}-`)]);
  await lock.release();
});

// A lock between processes of one machine. It is a folder: whoever wants it creates a file of its own there, exclusively,
// and holds it when no other LIVING process has a file in it. Each looks only after it has created, so of two at once the
// later one sees the other. Nobody ever takes another's file over, so a stale one cannot be broken twice: it is just ignored.

import { randomBytes } from 'node:crypto';
import { mkdir, open, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { BatonError } from '../contracts/error.ts';
import { isSameProcess, ownIdentity, type ProcessIdentity } from './process-identity.ts';

export type Lock = { release(): Promise<void> };

export type LockOptions = Readonly<{
  folder: string;
  timeoutMs: number;
  /** Called once, when somebody else holds the lock. */
  onWait?: (holder: ProcessIdentity) => void;
}>;

/** The lock, once it is free; throws `internal` that names the holder when it is not within `timeoutMs`. */
export async function acquireLock({ folder, timeoutMs, onWait }: LockOptions): Promise<Lock> {
  const deadline = Date.now() + timeoutMs;
  await mkdir(folder, { recursive: true });
  for (let waited = false; ; waited = true) {
    const holder = (await livingHolder(folder, null)) ?? (await claim(folder));
    if ('release' in holder) return holder;
    if (!waited) onWait?.(holder);
    if (Date.now() >= deadline) throw heldError(folder, holder, timeoutMs);
    // Two that met both stepped back: different pauses let one of them through.
    await delay(20 + Math.random() * 80);
  }
}

/** The lock, or who came at the same time: then our file is gone again. */
async function claim(folder: string): Promise<Lock | ProcessIdentity> {
  const { pid, startedAt } = ownIdentity();
  const name = [pid, startedAt ?? '', randomBytes(6).toString('hex')].join('-');
  const release = (): Promise<void> => rm(path.join(folder, name), { force: true });
  await (await open(path.join(folder, name), 'wx')).close();
  const other = await livingHolder(folder, name);
  if (other === null) return { release };
  await release();
  return other;
}

async function livingHolder(folder: string, own: string | null): Promise<ProcessIdentity | null> {
  for (const name of await readdir(folder)) {
    const identity = parseClaim(name);
    if (name === own || identity === null) continue;
    if (isSameProcess(identity)) return identity;
    await rm(path.join(folder, name), { force: true });
  }
  return null;
}

/** The process in a file name `<pid>-<start time or nothing>-<random>`; null for a file that is none of ours. */
function parseClaim(name: string): ProcessIdentity | null {
  const match = /^(\d+)-(\d*)-[0-9a-f]{12}$/.exec(name);
  if (match === null) return null;
  return { pid: Number(match[1]), startedAt: match[2] === '' ? null : Number(match[2]) };
}

function heldError(folder: string, holder: ProcessIdentity, timeoutMs: number): BatonError {
  const text = `Process ${holder.pid} has held the lock ${folder} for more than ${timeoutMs / 1_000} s: wait for it, or end it.`;
  return new BatonError('internal', text);
}

// Who a process is: its number alone is given to another one sooner or later.

import { readFileSync } from 'node:fs';

/** `startedAt` is the start time in clock ticks since boot (field 22 of /proc/<pid>/stat), or null off Linux. */
export type ProcessIdentity = { readonly pid: number; readonly startedAt: number | null };

/** The process that has this number now. */
export function identityOf(pid: number): ProcessIdentity {
  return { pid, startedAt: readStat(pid)?.startedAt ?? null };
}

export function ownIdentity(): ProcessIdentity {
  return identityOf(process.pid);
}

/** Whether this very process runs. A zombie does not. Where the start time is unknown, the number alone decides. */
export function isSameProcess(identity: ProcessIdentity): boolean {
  if (!isRunning(identity.pid)) return false;
  const now = readStat(identity.pid);
  if (now?.state === 'Z' || now?.state === 'X') return false;
  return identity.startedAt === null || now === null || now.startedAt === identity.startedAt;
}

/** State and start time in a line of /proc/<pid>/stat; null for anything else. The command's name may hold spaces and brackets. */
export function parseStat(line: string): { readonly state: string; readonly startedAt: number } | null {
  const fields = line.slice(line.lastIndexOf(')') + 2).split(' ');
  const [state, startedAt] = [fields[0], Number(fields[19])];
  return state === undefined || !Number.isSafeInteger(startedAt) ? null : { state, startedAt };
}

function readStat(pid: number): ReturnType<typeof parseStat> {
  try {
    return parseStat(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    // No such process, or no /proc: isRunning tells the two apart.
    return null;
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // EPERM: it runs, as another user.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

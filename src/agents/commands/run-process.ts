import { type ChildProcess, type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { BatonError } from '../../contracts/error.ts';
import type { Deadline } from '../../outbound/deadline.ts';
import { openLatest } from '../latest.ts';

export type ProcessPlan = Readonly<{
  argv: readonly string[];
  folder: string;
  /** All of it: nothing of this process's own is added. */
  env: Readonly<Record<string, string>>;
  stdin: string;
  /** Bytes of standard output; one more is output_too_large. Of the errors the end is kept. */
  outputBytes: number;
  peer: string;
}>;

export type ProcessEnd = Readonly<{
  /** Null when a signal ended it. */
  exitCode: number | null;
  signal: string | null;
  stdout: string;
  stderr: string;
}>;

const STDERR_BYTES = 64_000;
/** Pieces of an output that are kept apart. */
const PIECES = 1_000;
/** How long a killed process, or an output that somebody still holds open, is waited for, in milliseconds. */
const LAST_MS = 500;

/**
 * Runs a program without a shell in a process group of its own, and reads what it says under the deadline: silence counts from one
 * output to the next. The whole group is killed at every end. Throws the deadline's reason, output_too_large, or agent_failed for a
 * program that cannot be started.
 */
export async function runProcess(plan: ProcessPlan, deadline: Deadline): Promise<ProcessEnd> {
  deadline.signal.throwIfAborted();
  const [program = '', ...args] = plan.argv;
  const child = spawn(program, args, { cwd: plan.folder, env: plan.env, detached: true, stdio: 'pipe', shell: false });
  const ended = endOf(child, plan.peer);
  // After its end its number may be another's; what it left behind was killed then.
  const kill = (): void => (child.exitCode === null && child.signalCode === null ? killGroup(child) : undefined);
  deadline.signal.addEventListener('abort', kill, { once: true });
  try {
    child.stdin.on('error', () => undefined); // one that does not read its task ends all the same
    child.stdin.end(plan.stdin);
    return await listen(child, plan, { deadline, ended });
  } finally {
    deadline.signal.removeEventListener('abort', kill);
    kill();
    await Promise.race([ended.catch(() => undefined), sleep(LAST_MS, undefined, { ref: false })]);
  }
}

type Ended = Readonly<{ exitCode: number | null; signal: string | null }>;

/** Settles when the program has ended and its outputs are closed. What it started and left behind is killed with it. */
async function endOf(child: ChildProcessWithoutNullStreams, peer: string): Promise<Ended> {
  child.on('error', () => undefined); // heard of by its close
  child.once('exit', () => {
    killGroup(child);
    // A process that left the group may hold the outputs open.
    setTimeout(() => [child.stdout, child.stderr].map((stream) => stream.destroy()), LAST_MS).unref();
  });
  try {
    const [exitCode, signal] = await once(child, 'close');
    return { exitCode, signal };
  } catch (cause) {
    throw new BatonError('agent_failed', `${peer} could not be started on this worker.`, { cause });
  }
}

type Listening = Readonly<{ deadline: Deadline; ended: Promise<Ended> }>;

async function listen(
  child: ChildProcessWithoutNullStreams,
  { outputBytes, peer }: ProcessPlan,
  { deadline, ended }: Listening,
): Promise<ProcessEnd> {
  const signs = openLatest<'sign'>();
  const stdout = openTail(child.stdout, outputBytes, () => signs.put('sign'));
  const stderr = openTail(child.stderr, STDERR_BYTES, () => signs.put('sign'));
  const end = ended.finally(() => signs.end());
  end.catch(() => undefined); // it is awaited below
  const each = signs[Symbol.asyncIterator]();
  let wait: 'firstByte' | 'idle' = 'firstByte';
  for (let over: boolean | undefined = false; over !== true; wait = 'idle') {
    over = (await deadline.guard(each.next(), wait)).done;
    if (stdout.isFull())
      throw new BatonError('output_too_large', `${peer} wrote more than the ${outputBytes} bytes allowed.`);
  }
  return { ...(await end), stdout: stdout.text(), stderr: stderr.text() };
}

/** Keeps at least the last `bytes` of a stream, and at most twice as many. */
function openTail(stream: NodeJS.ReadableStream, bytes: number, onData: () => void) {
  let kept: Buffer[] = [];
  let size = 0;
  let full = false;
  stream.on('data', (chunk: Buffer) => {
    kept.push(chunk);
    size += chunk.byteLength;
    full ||= size > bytes;
    // A program may write byte by byte, and each piece costs more than it holds.
    if (size > 2 * bytes || kept.length > PIECES) {
      kept = [Buffer.concat(kept).subarray(-bytes)];
      size = Math.min(size, bytes);
    }
    onData();
  });
  stream.on('error', () => undefined); // it was destroyed: its end follows
  return { isFull: () => full, text: () => Buffer.concat(kept).subarray(-bytes).toString('utf8') };
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // The whole group has ended: there is nobody to tell.
  }
}

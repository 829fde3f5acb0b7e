// The command line as a user runs it: arguments in, stdout, stderr and an exit code out.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { inject, onTestFinished } from 'vitest';
import { eventually } from './processes.ts';

const bin = fileURLToPath(new URL('../../bin/baton.js', import.meta.url));

export type Ended = { readonly code: number | string; readonly stdout: string; readonly stderr: string };

export type Command = {
  readonly child: ChildProcess;
  readonly stdout: () => string;
  readonly stderr: () => string;
  readonly ended: Promise<Ended>;
  /** The first line on stdout, once it is there. */
  readonly firstLine: () => Promise<string>;
};

/** A folder that goes with the test. */
export function scratchFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'baton-cli-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Starts `baton <args>` with nothing of this machine's settings; it is stopped with the test at the latest. */
export function openCommand(args: readonly string[], env: Readonly<Record<string, string>> = {}): Command {
  const folder = scratchFolder();
  const own = {
    PATH: process.env.PATH,
    HOME: process.env.HOME,
    TMPDIR: folder,
    REDIS_SERVER_BIN: inject('redisServerBin'),
  };
  const child = spawn(process.execPath, [bin, ...args], { cwd: folder, env: { ...own, ...env } });
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      output[name] += text;
    });
  }
  const ended = once(child, 'close').then(([code, signal]): Ended => ({ code: code ?? signal, ...output }));
  onTestFinished(async () => {
    child.kill('SIGTERM');
    await ended;
  });
  const firstLine = (): Promise<string> =>
    eventually(() => {
      if (child.exitCode !== null) throw new Error(`baton ${args[0]} ended with ${child.exitCode}: ${output.stderr}`);
      return /^(.*)\n/.exec(output.stdout)?.[1];
    }, 60_000);
  return { child, stdout: () => output.stdout, stderr: () => output.stderr, ended, firstLine };
}

/** Runs `baton <args>` to its end. */
export function runCommand(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> {
  return openCommand(args, env).ended;
}

/** What a command has left in a folder. */
export function leftIn(folder: string, prefix: string): readonly string[] {
  return readdirSync(folder).filter((name) => name.startsWith(prefix));
}

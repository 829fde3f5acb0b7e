// A redis-server without root, from the packages of Debian or Ubuntu. Measured on Debian 12 and 13 as an ordinary user with
// empty package lists: 4 s and at most 6 MB. The system's own lists, cache and locks are neither needed nor changed.

import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { BatonError } from '../contracts/error.ts';
import { acquireLock } from './lock-folder.ts';

const run = promisify(execFile);
/** One apt-get or dpkg-deb call: a slow mirror, not a dead one. */
const STEP_MS = 180_000;
/** All steps of another process that came first. */
const LOCK_MS = 3 * STEP_MS;
/** The simulation of an installation on a system with many packages. */
const OUTPUT_BYTES = 16_000_000;

export type AptOptions = Readonly<{
  /** What will hold `redis-server`; it appears as a whole or not at all. */
  folder: string;
  /** Whether a binary runs here. */
  runs: (binary: string) => Promise<boolean>;
  say: (line: string) => void;
}>;

/** Whether this is a system whose packages can be downloaded and unpacked. */
export async function hasApt(): Promise<boolean> {
  try {
    await Promise.all([run('apt-get', ['--version']), run('dpkg-deb', ['--version'])]);
    return true;
  } catch {
    // Not Debian, not Ubuntu: an answer, not a failure.
    return false;
  }
}

/** Extracts redis-server and the libraries missing here into `folder`; returns its path. Several processes may do so at once: one works, the others wait. */
export async function redisFromApt({ folder, runs, say }: AptOptions): Promise<string> {
  const parent = path.dirname(folder);
  const binary = path.join(folder, 'redis-server');
  await mkdir(parent, { recursive: true });
  const lock = await acquireLock({
    folder: `${folder}.lock`,
    timeoutMs: LOCK_MS,
    onWait: (holder) => say(`waiting for process ${holder.pid}, which is getting a redis-server`),
  });
  await removeLeftovers(folder);
  const work = await mkdtemp(`${folder}.new-`);
  try {
    if (await runs(binary)) return binary;
    say(`There is no redis-server here: getting one from the system's packages into ${folder} (once, without root).`);
    const extracted = await extract(work);
    if (!(await runs(path.join(extracted, 'redis-server')))) {
      throw new BatonError('redis_unsuitable', 'the extracted redis-server does not run here');
    }
    await rm(folder, { recursive: true, force: true });
    await rename(extracted, folder);
    return binary;
  } finally {
    await rm(work, { recursive: true, force: true });
    await lock.release();
  }
}

/** Work folders of processes that were killed; we hold the lock, so nobody works in them. */
async function removeLeftovers(folder: string): Promise<void> {
  const parent = path.dirname(folder);
  const prefix = `${path.basename(folder)}.new-`;
  const names = (await readdir(parent)).filter((name) => name.startsWith(prefix));
  await Promise.all(names.map((name) => rm(path.join(parent, name), { recursive: true, force: true })));
}

/** The whole work inside `work`; returns the folder to keep. */
async function extract(work: string): Promise<string> {
  const [keep, debs] = [path.join(work, 'keep'), path.join(work, 'debs')];
  const root = path.join(keep, 'root');
  for (const folder of ['lists/partial', 'cache/archives/partial', 'debs', 'keep/root']) {
    await mkdir(path.join(work, folder), { recursive: true });
  }
  await updateLists(work);
  await apt(work, ['download', ...(await missingPackages(work))], debs);
  for (const deb of await readdir(debs)) {
    await run('dpkg-deb', ['-x', path.join(debs, deb), root], { timeout: STEP_MS });
  }
  await writeWrapper(keep, await libraryFolders(root));
  return keep;
}

/** Only the list of the main archive is needed: a broken third-party source must not stop us, the download will tell. */
async function updateLists(work: string): Promise<void> {
  await apt(work, ['update'], work).catch((error: unknown) => {
    if (!(error instanceof BatonError)) throw error;
  });
}

/** The packages an installation of redis-server would add here. None missing: it is installed after all, only not on PATH. */
async function missingPackages(work: string): Promise<readonly string[]> {
  const plan = await apt(work, ['-s', 'install', '--no-install-recommends', 'redis-server'], work);
  const names = [...plan.matchAll(/^Inst ([a-z0-9][a-z0-9+.:-]*)/gm)].map(([, name = '']) => name);
  return names.length > 0 ? names : ['redis-server', 'redis-tools'];
}

async function apt(work: string, args: readonly string[], cwd: string): Promise<string> {
  const options = {
    'Dir::State::Lists': path.join(work, 'lists'),
    'Dir::Cache': path.join(work, 'cache'),
    'Dir::State::status': '/var/lib/dpkg/status',
    'Debug::NoLocking': '1',
    // Matters to root alone: its apt would download as _apt, which may not write below a mkdtemp folder.
    'APT::Sandbox::User': 'root',
    'Acquire::Languages': 'none',
    'Acquire::Retries': '2',
  };
  const flags = Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
  try {
    const all = ['-q', ...flags, ...args];
    const { stdout } = await run('apt-get', all, { cwd, timeout: STEP_MS, maxBuffer: OUTPUT_BYTES });
    return stdout;
  } catch (error) {
    throw new BatonError('redis_unsuitable', `apt-get ${args[0]} failed: ${lastLineOf(error)}`, { cause: error });
  }
}

function lastLineOf(error: unknown): string {
  const stderr = error instanceof Error && 'stderr' in error ? String(error.stderr) : '';
  const text = stderr.trim() === '' ? String(error) : stderr;
  return text.trim().split('\n').at(-1)?.slice(0, 300) ?? '';
}

/** Folders below `root` that hold shared libraries, relative to it. */
async function libraryFolders(root: string): Promise<readonly string[]> {
  const files = await readdir(root, { recursive: true, withFileTypes: true });
  const libraries = files.filter((file) => /\.so(\.|$)/.test(file.name));
  return [...new Set(libraries.map((file) => path.relative(root, file.parentPath)))].sort();
}

/** A program beside `root` that lets redis-server find its libraries wherever the folder is moved. */
async function writeWrapper(keep: string, libraries: readonly string[]): Promise<void> {
  const folders = libraries.map((folder) => `$here/${folder}`).join(':');
  const lines = [
    '#!/bin/sh',
    `here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)/root`,
    `LD_LIBRARY_PATH="${folders}\${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}" exec "$here/usr/bin/redis-server" "$@"`,
  ];
  const wrapper = path.join(keep, 'redis-server');
  await writeFile(wrapper, `${lines.join('\n')}\n`);
  await chmod(wrapper, 0o755);
}

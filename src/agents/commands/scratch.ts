import { constants } from 'node:fs';
import { mkdir, mkdtemp, open, readdir, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { BatonError } from '../../contracts/error.ts';
import { matches } from './pattern.ts';

/** Files by their paths below a scratch directory. */
export type Files = Readonly<Record<string, string>>;

/** The directory of one call, which is gone after it. */
export type Scratch = Readonly<{
  folder: string;
  /** Throws agent_rejected for a path that cannot be made. */
  write(files: Files): Promise<void>;
  /** The plain files that match, as UTF-8. Links are not followed. Throws output_too_large. */
  read(patterns: readonly string[], bound: FileBound): Promise<Files>;
  [Symbol.asyncDispose](): Promise<void>;
}>;

export type FileBound = Readonly<{ maxBytes: number; maxFiles: number }>;

const NAME = 'baton-command-';
/** Entries of a scratch directory that are looked at for files to return. */
const ENTRIES = 10_000;

/** Makes a directory that only this user may enter. */
export async function openScratch(): Promise<Scratch> {
  const folder = await realpath(await mkdtemp(path.join(tmpdir(), `${NAME}${process.pid}-`)));
  return {
    folder,
    write: async (files) => {
      for (const [name, text] of Object.entries(files)) await writeInto(folder, name, text);
    },
    read: (patterns, bound) => readMatching(folder, patterns, bound),
    // A process that is being killed may still write for a moment.
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 }),
  };
}

/** Removes what processes that were killed have left behind. */
export async function sweepScratch(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const pid = Number(new RegExp(`^${NAME}(\\d+)-`).exec(name)?.[1] ?? process.pid);
    if (isAlive(pid)) continue;
    await rm(path.join(tmpdir(), name), { recursive: true, force: true }).catch(() => undefined); // another user's: not ours
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    return !(thrown instanceof Error && 'code' in thrown && thrown.code === 'ESRCH');
  }
}

async function writeInto(folder: string, name: string, text: string): Promise<void> {
  const file = path.join(folder, name);
  try {
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, text);
  } catch (cause) {
    throw new BatonError('agent_rejected', `The file "${name}" could not be written for the command.`, { cause });
  }
}

async function readMatching(folder: string, patterns: readonly string[], bound: FileBound): Promise<Files> {
  if (patterns.length === 0) return {};
  const files: [string, string][] = [];
  let bytes = 0;
  for await (const name of namesBelow(folder)) {
    if (!patterns.some((pattern) => matches(name, pattern))) continue;
    const text = await readPlain(path.join(folder, name), bound.maxBytes - bytes);
    if (text === undefined) continue;
    bytes += text.byteLength;
    files.push([name, text.toString('utf8')]);
    if (files.length > bound.maxFiles)
      throw new BatonError('output_too_large', `The command returns more than ${bound.maxFiles} files.`);
  }
  return Object.fromEntries(files);
}

/** Paths of what is no folder, in order. */
async function* namesBelow(folder: string): AsyncGenerator<string> {
  let entries = 0;
  const folders = [''];
  for (let below = folders.shift(); below !== undefined; below = folders.shift()) {
    const found = await readdir(path.join(folder, below), { withFileTypes: true });
    for (const entry of found.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      entries += 1;
      if (entries > ENTRIES)
        throw new BatonError('output_too_large', `The command left more than ${ENTRIES} files and folders.`);
      const name = below === '' ? entry.name : `${below}/${entry.name}`;
      if (entry.isDirectory()) folders.push(name);
      else if (entry.isFile()) yield name;
    }
  }
}

/** Undefined for what has become no plain file since it was listed. */
async function readPlain(file: string, maxBytes: number): Promise<Buffer | undefined> {
  const handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(
    () => undefined,
  );
  if (handle === undefined) return undefined;
  await using opened = handle;
  const found = await opened.stat();
  if (!found.isFile()) return undefined;
  if (found.size > maxBytes)
    throw new BatonError('output_too_large', 'The files of the command are larger than allowed.');
  // By what it was found to hold: it may grow while it is read.
  const { buffer, bytesRead } = await opened.read(Buffer.alloc(found.size), 0, found.size, 0);
  return buffer.subarray(0, bytesRead);
}

import { lstat, mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { isFilePath } from '../contracts/artifact.ts';
import { BatonError } from '../contracts/error.ts';

/** Where a stranger's files go. `force`: also in place of files that are there. */
export type Place = { readonly folder: string; readonly force: boolean };

/** Whether a file of this name may be saved below any folder: what git finds in `.git` it may run. */
export function isSafeName(name: string): boolean {
  return isFilePath(name) && !name.split('/').some((part) => part.toLowerCase() === '.git');
}

/** Throws invalid_request that names all files which would be overwritten without `force`, or the first that cannot be saved there at all. */
export async function checkPlace(place: Place, names: readonly string[]): Promise<void> {
  const taken: string[] = [];
  for (const name of names) if (await isTaken(place, name)) taken.push(name);
  if (taken.length > 0 && !place.force) throw refusal(`expected --force to overwrite ${taken.join(', ')}`);
}

/** Writes one file below the folder, and nothing outside of it or through a link. Throws invalid_request. */
export async function saveFile(place: Place, name: string, text: string): Promise<void> {
  await checkPlace(place, [name]);
  const file = path.join(place.folder, name);
  try {
    await mkdir(path.dirname(file), { recursive: true });
    // What is replaced goes first: were it a link, its target would be written to.
    if (place.force) await rm(file, { force: true });
    await writeFile(file, text, { flag: 'wx' });
  } catch (error) {
    throw refusal(`cannot save ${name}: ${error instanceof Error ? error.message : String(error)}`, error);
  }
}

async function isTaken({ folder }: Place, name: string): Promise<boolean> {
  if (!isSafeName(name)) throw refusal(`cannot save ${JSON.stringify(name)}: expected a plain relative path`);
  const parts = name.split('/');
  for (let length = 1; length <= parts.length; length += 1) {
    const at = path.join(folder, ...parts.slice(0, length));
    const found = await lstat(at).catch(() => undefined); // what keeps it from being looked at will keep it from being written
    if (found === undefined) return false;
    if (length < parts.length && !found.isDirectory()) throw refusal(`cannot save ${name}: ${at} is no folder`);
  }
  return true;
}

function refusal(message: string, cause?: unknown): BatonError {
  return new BatonError('invalid_request', message, { cause });
}

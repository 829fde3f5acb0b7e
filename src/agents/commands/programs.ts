import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import path from 'node:path';

/** The file of a program, by a name on the search path or by its absolute path; undefined when there is none that may be run. */
export async function findProgram(name: string, searchPath: string): Promise<string | undefined> {
  if (name.includes('/')) return path.isAbsolute(name) && (await isProgram(name)) ? name : undefined;
  for (const folder of searchPath.split(path.delimiter)) {
    const file = path.join(folder, name);
    if (path.isAbsolute(folder) && (await isProgram(file))) return file;
  }
  return undefined;
}

async function isProgram(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK);
    return (await stat(file)).isFile();
  } catch {
    return false; // not there, or not ours to run: both are no
  }
}

import { readFile } from 'node:fs/promises';
import { z } from 'zod';

const Package = z.object({ version: z.string() });

/** The version of baton, as its package.json has it: beside `src` and, once built, beside `dist`. */
export async function loadPackageVersion(): Promise<string> {
  const text = await readFile(new URL('../../package.json', import.meta.url), 'utf8');
  return Package.parse(JSON.parse(text)).version;
}

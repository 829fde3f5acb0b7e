import { randomBytes } from 'node:crypto';
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';

const Identity = z.object({ pid: z.int().min(1), startedAt: z.int().nullable() });

/** `<home>/redis.json`: the server of this home, and the process that will stop it. */
const EmbeddedState = Identity.extend({ port: z.int().min(1).max(65_535), version: z.string(), owner: Identity });
export type EmbeddedState = Readonly<z.infer<typeof EmbeddedState>>;

/** What the last process wrote; null when there is nothing, or nothing that can be read as a state. */
export function loadState(home: string): EmbeddedState | null {
  try {
    return EmbeddedState.safeParse(JSON.parse(readFileSync(stateFile(home), 'utf8'))).data ?? null;
  } catch (error) {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    if (isMissing || error instanceof SyntaxError) return null;
    throw error;
  }
}

/** Synchronous, so that a server and its state come into being in one step; by a rename, so that nobody reads half of it. */
export function storeState(home: string, state: EmbeddedState): void {
  const draft = `${stateFile(home)}.${randomBytes(6).toString('hex')}`;
  writeFileSync(draft, `${JSON.stringify(state)}\n`);
  renameSync(draft, stateFile(home));
}

export function removeState(home: string): void {
  rmSync(stateFile(home), { force: true });
}

function stateFile(home: string): string {
  return path.join(home, 'redis.json');
}

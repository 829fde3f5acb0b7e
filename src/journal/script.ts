import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Redis } from 'ioredis';

/** One Lua script: one atomic step. Its KEYS and ARGV are named in its head. */
export type Script = { readonly lua: string; readonly sha: string };

/** Reads `<name>.lua` beside the module that calls: `loadScript(new URL('./claim.lua', import.meta.url))`. */
export function loadScript(file: URL): Script {
  return scriptOf(readFileSync(file, 'utf8'));
}

/** A script from its text. */
export function scriptOf(lua: string): Script {
  return { lua, sha: createHash('sha1').update(lua).digest('hex') };
}

export type ScriptCall = { readonly keys: readonly string[]; readonly args: readonly (string | number | Buffer)[] };

/** Runs a script by its digest, sending the text when Redis has lost it. The reply is Redis's own: parse it. */
export async function runScript(redis: Redis, script: Script, call: ScriptCall): Promise<unknown> {
  const input = [...call.keys, ...call.args];
  try {
    return await redis.evalsha(script.sha, call.keys.length, ...input);
  } catch (error) {
    if (!isScriptMissing(error)) throw error;
    return await redis.eval(script.lua, call.keys.length, ...input);
  }
}

/** Redis restarts, fails over or is flushed: its script cache is gone although the connection may live. */
export function isScriptMissing(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('NOSCRIPT');
}

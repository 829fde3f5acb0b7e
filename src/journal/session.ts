import { loadScript, runScript } from './script.ts';
import { loadSessionScript } from './session-script.ts';
import type { Store } from './store.ts';

const asking = loadSessionScript(new URL('./session-turn.lua', import.meta.url));
const giving = loadSessionScript(new URL('./session-next.lua', import.meta.url));
const forgetting = loadSessionScript(new URL('./session-forget.lua', import.meta.url));
const telling = loadScript(new URL('./session-history.lua', import.meta.url));

/** Whether a run waits for its turn; how many open runs stand before it, and which of them were not told to stop. */
export type Turn = { readonly waits: boolean; readonly ahead: number; readonly going: readonly string[] };

/** How a run stands in its session. */
export async function loadTurn({ redis, keys }: Store, session: string, run: string): Promise<Turn> {
  const reply = await runScript(redis, asking, { keys: [keys.session(session).open], args: [keys.run('').run, run] });
  const [waits, ahead, ...going] = reply as [number, number, ...string[]]; // the script returns nothing else
  return { waits: waits === 1, ahead, going };
}

/** Gives the turn to the first open run of a session: its id while it has not begun. Repeating it is harmless. */
export async function giveTurn({ redis, keys }: Store, session: string): Promise<string | undefined> {
  const run = await runScript(redis, giving, { keys: [keys.session(session).open], args: [keys.run('').run] });
  return typeof run === 'string' ? run : undefined;
}

/** Forgets a session, whose runs stay as they are. `busy`: one of them has not ended, so nothing was done. */
export async function forgetSession(
  { redis, keys }: Store,
  session: string,
): Promise<'forgotten' | 'missing' | 'busy'> {
  const { runs, open } = keys.session(session);
  const code = Number(await runScript(redis, forgetting, { keys: [runs, open], args: [keys.run('').run] }));
  if (code === -1) return 'busy';
  return code === 1 ? 'forgotten' : 'missing';
}

/** Takes a run that is to be removed out of its session; with the last one the session is gone. */
export async function leaveSession({ redis, keys }: Store, session: string, run: string): Promise<void> {
  const { runs, open } = keys.session(session);
  await Promise.all([redis.zrem(runs, run), redis.zrem(open, run)]);
}

/** What earlier runs of a session came to, newest first: three texts each, query, status and response. */
export async function loadEarlier(
  { redis, keys }: Store,
  { session, run }: { readonly session: string; readonly run: string },
  most: { readonly runs: number; readonly bytes: number },
): Promise<readonly string[]> {
  const args = [keys.run('').run, run, most.runs, most.bytes];
  return (await runScript(redis, telling, { keys: [keys.session(session).runs], args })) as string[]; // texts only
}

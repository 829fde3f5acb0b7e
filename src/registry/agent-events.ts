import { type AgentChange, AgentChangeName } from '../contracts/agent-view.ts';
import { loadScript, runScript } from '../journal/script.ts';
import type { Store } from '../journal/store.ts';

const reading = loadScript(new URL('./changes.lua', import.meta.url));

/** Before every change. */
export const CHANGES_START = '0-0';

/** A part of the log of changes, and where it lies in the whole. */
export type ChangePage = {
  /** Id of the newest change; the start when there has been none. */
  readonly last: string;
  /** Up to where this page has read, and whether it was full: then more may follow. */
  readonly position: string;
  readonly full: boolean;
  /** Changes before the first one of the page are no longer kept, or the log is another one: look at the whole. */
  readonly missed: boolean;
  readonly changes: readonly AgentChange[];
};

/** The changes after the id `after`, oldest first, at most `most`. */
export async function loadChanges({ redis, keys }: Store, after: string, most: number): Promise<ChangePage> {
  const reply = await runScript(redis, reading, { keys: [keys.agentEvents], args: [after, most] });
  const [missed, last, entries] = reply as Reply; // the script returns nothing else
  const position = entries.at(-1)?.[0] ?? after;
  const full = most > 0 && entries.length === most;
  return { last, position, full, missed: missed === 1, changes: entries.flatMap(decodeChange) };
}

type Entry = readonly [id: string, fields: readonly string[]];
type Reply = readonly [missed: number, last: string, entries: readonly Entry[]];

/** Nothing for a change of a newer version: what changed is in the registry anyway. */
function decodeChange([id, fields]: Entry): readonly AgentChange[] {
  const field = new Map<string, string>();
  for (let i = 0; i + 1 < fields.length; i += 2) field.set(fields[i] ?? '', fields[i + 1] ?? '');
  const name = AgentChangeName.safeParse(field.get('n'));
  if (!name.success) return [];
  const timestamp = new Date(Number(id.split('-')[0])).toISOString();
  return [
    { id, name: name.data, agent_id: field.get('a') ?? '', detail: JSON.parse(field.get('x') ?? '{}'), timestamp },
  ];
}

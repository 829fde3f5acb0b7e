import { type EventName, isTerminalEvent, type StreamEvent } from '../contracts/event.ts';
import { decodeEntry, type StreamEntry } from '../journal/event-codec.ts';
import { loadScript, runScript } from '../journal/script.ts';
import type { Store } from '../journal/store.ts';

const script = loadScript(new URL('./page.lua', import.meta.url));

/** Events in one page. */
const PAGE_EVENTS = 500;
/** Bytes after which a page ends: what one reader that replays may hold. One event more may lie beyond them. */
const PAGE_BYTES = 262_144;

/** A part of a run's stream, and where it lies in the whole. */
export type StreamPage = {
  /** Id of the oldest entry that is kept; '' when none is. */
  readonly first: string;
  /** Entries before `first` that are gone. */
  readonly trimmed: number;
  /** Id of the newest entry. */
  readonly last: string;
  /** Whether the newest entry is the terminal event: none follows. */
  readonly ended: boolean;
  readonly events: readonly StreamEvent[];
};

/** The events of a run after the id `after`, oldest first; undefined when there is no such run. With `most` 0: only where it stands. */
export async function loadPage(
  { redis, keys }: Store,
  run: string,
  { after, most = PAGE_EVENTS }: { readonly after: string; readonly most?: number },
): Promise<StreamPage | undefined> {
  const reply = await runScript(redis, script, { keys: [keys.run(run).events], args: [after, most, PAGE_BYTES] });
  if (reply === null) return undefined;
  const [first, trimmed, last, name, entries] = reply as PageReply; // the script returns nothing else
  const events = entries.map((entry) => decodeEntry(run, entry));
  return { first, trimmed, last, ended: name !== '' && isTerminalEvent(name), events };
}

type PageReply = [first: string, trimmed: number, last: string, name: EventName | '', entries: readonly StreamEntry[]];

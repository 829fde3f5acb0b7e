import type { AgentChange } from '../contracts/agent-view.ts';
import { compareIds } from '../contracts/ids.ts';
import type { ChangePage } from './agent-events.ts';

/** Changes that are kept for readers which are at most so far behind; others read on by themselves. */
const KEPT = 2_000;

/** What has been read lately: every change after `from`, up to `to`. */
export type ChangeWindow = { readonly from: string; readonly to: string; readonly changes: readonly AgentChange[] };

/** A window in which nothing has come yet. */
export function windowAt(id: string): ChangeWindow {
  return { from: id, to: id, changes: [] };
}

/** The window with a page more, and without what is too old to be kept. */
export function grown({ from, changes }: ChangeWindow, { position, changes: came }: ChangePage): ChangeWindow {
  const all = [...changes, ...came];
  const dropped = all.slice(0, Math.max(0, all.length - KEPT));
  return { from: dropped.at(-1)?.id ?? from, to: position, changes: all.slice(dropped.length) };
}

export type Page = Pick<ChangePage, 'last' | 'position' | 'full' | 'missed' | 'changes'>;

/** What a reader at `position` has not heard of the window; undefined when the window begins after that. */
export function pageOf({ from, to, changes }: ChangeWindow, position: string): Page | undefined {
  if (compareIds(position, from) < 0) return undefined;
  const newer = changes.filter(({ id }) => compareIds(id, position) > 0);
  const isBeyond = compareIds(position, to) > 0; // it has read on by itself
  return { last: to, position: isBeyond ? position : to, full: false, missed: false, changes: newer };
}

import { createTwoFilesPatch } from 'diff';
import { limits } from '../../contracts/limits.ts';
import type { Review } from './review-state.ts';

/** Texts of more characters than this are not compared line by line: it would hold this process up. */
const COMPARED_CHARS = 200_000;

/** What the last revision changed, per reviewed task: unified diffs, all together limits.diffChars at most. */
export function revisionDiffs({ versions, before, results }: Review): Record<string, string> {
  const changed = Object.entries(versions).filter(([task, at]) => before[task] !== undefined && before[task] !== at);
  const share = Math.floor(limits.diffChars / Math.max(1, changed.length));
  const textOf = (at: string | undefined): string => results.get(at ?? '')?.response ?? '';
  return Object.fromEntries(
    changed.map(([task, at]) => {
      const names = [before[task] ?? task, at] as const;
      return [task, diff(names, [textOf(before[task]), textOf(at)]).slice(0, share)];
    }),
  );
}

function diff([oldName, newName]: readonly [string, string], [oldText, newText]: readonly [string, string]): string {
  if (oldText.length + newText.length > COMPARED_CHARS) return `${oldText.length} characters became ${newText.length}.`;
  const patch = createTwoFilesPatch(oldName, newName, oldText, newText, undefined, undefined, { timeout: 500 });
  return patch ?? `${oldText.length} characters became ${newText.length}.`;
}

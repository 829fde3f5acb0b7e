import { z } from 'zod';
import { BatonError } from '../../contracts/error.ts';
import type { TaskResult } from '../../contracts/result.ts';
import { ReviewSpec, type ReviewVerdict } from '../../contracts/review.ts';
import { loadResultsOf } from '../../journal/load-results.ts';
import { measureResults, OUTPUT_BYTES } from '../../journal/measure-results.ts';
import { verdictIn } from '../../plan/review.ts';
import { judgedForm } from '../../plan/review-loop.ts';
import type { Versions } from '../../plan/review-tasks.ts';
import type { Standing } from './pattern.ts';

/** What a round of a review was for. */
const Note = z.object({
  phase: z.enum(['judged', 'revised', 'stronger']),
  /** Reviewed task -> the task with its latest text, the round's own children included. */
  versions: z.record(z.string(), z.string()),
});
type ReviewNote = z.infer<typeof Note>;

/** Where a review stands. */
export type Review = {
  readonly spec: ReviewSpec;
  readonly phase: ReviewNote['phase'] | 'begin';
  readonly versions: Versions;
  /** The versions before the last revision; the same when there was none. */
  readonly before: Versions;
  /** Of all versions, the old ones too. */
  readonly results: ReadonlyMap<string, TaskResult>;
  /** The tasks that gave any version: their authors may not review it. */
  readonly written: readonly string[];
  /** The agents that have reviewed it: they may not revise it. */
  readonly reviewers: readonly string[];
  /** What the reviewer of the last round answered; undefined when it was another kind of round. */
  readonly answer: TaskResult | undefined;
  /** In that answer; undefined when it holds none. */
  readonly verdict: ReviewVerdict | undefined;
  /** Rounds of revision so far, and answers in a row without a verdict, the last one included. */
  readonly revisions: number;
  readonly unreadable: number;
  /** Every verdict so far with the texts that it was about, in order (judgedForm). */
  readonly history: readonly string[];
  /** The place of the next child. */
  readonly place: number;
};

/** Reads where a review stands from its rounds and their results. A revision that failed leaves its task's version as it was. */
export async function loadReview({ work, rounds, entry }: Standing): Promise<Review> {
  const { task, run_id } = work.data;
  if (rounds.length === 0) await checkSize(work, entry.inputs);
  const notes = rounds.map(({ note }) => Note.parse(note));
  const children = rounds.map((round) => round.children.map((child) => child.task.task_id));
  const results = await loadResultsOf(work.tools.flow.store, run_id, [...entry.inputs, ...children.flat()]);
  const completed = (id: string): boolean => results.get(id)?.status === 'completed';
  let versions: Versions = Object.fromEntries(entry.inputs.filter(completed).map((id) => [id, id]));
  let before = versions;
  for (const note of notes.filter(({ phase }) => phase !== 'judged')) {
    const revised = Object.entries(note.versions).filter(([, at]) => completed(at));
    before = versions;
    versions = { ...versions, ...Object.fromEntries(revised) };
  }
  const phase = notes.at(-1)?.phase ?? 'begin';
  const verdicts = notes.map((note, at) => verdictOf(note, children[at]?.[0] ?? '', results));
  return {
    ...{ spec: ReviewSpec.parse(task.review ?? {}), phase, versions, before, results },
    written: [...entry.inputs, ...childrenOf(rounds, (of) => of !== 'judged')].filter(completed),
    reviewers: childrenOf(rounds, (of) => of === 'judged')
      .filter(completed)
      .flatMap((id) => results.get(id)?.agent_id ?? []),
    answer: phase === 'judged' ? results.get(children.at(-1)?.[0] ?? '') : undefined,
    verdict: verdicts.at(-1),
    revisions: notes.filter((note) => note.phase === 'revised').length,
    unreadable: notes.length - 1 - notes.findLastIndex(({ phase: of }, at) => of !== 'judged' || verdicts[at]),
    history: historyOf(notes, verdicts, results),
    place: children.flat().length,
  };
}

/** Texts that are too large for one output fill a process before they fail: nobody reads them then. */
async function checkSize({ tools, data }: Standing['work'], tasks: readonly string[]): Promise<void> {
  const { longBytes } = await measureResults(tools.flow.store, data.run_id, tasks);
  if (longBytes > OUTPUT_BYTES) throw new BatonError('output_too_large');
}

function childrenOf(rounds: Standing['rounds'], isWanted: (phase: ReviewNote['phase']) => boolean): readonly string[] {
  const wanted = rounds.filter(({ note }) => isWanted(Note.parse(note).phase));
  return wanted.flatMap(({ children }) => children.map(({ task }) => task.task_id));
}

/** What the reviewer of a round said of the texts that it was given; undefined when that was no verdict, or another kind of round. */
function verdictOf(
  { phase, versions }: ReviewNote,
  answer: string,
  results: Review['results'],
): ReviewVerdict | undefined {
  return phase === 'judged' ? verdictIn(textOf(results, answer), textsOf(results, versions)) : undefined;
}

function historyOf(
  notes: readonly ReviewNote[],
  verdicts: readonly (ReviewVerdict | undefined)[],
  results: Review['results'],
): readonly string[] {
  return notes.flatMap(({ versions }, at) => {
    const verdict = verdicts[at];
    return verdict === undefined ? [] : [judgedForm(textsOf(results, versions), verdict)];
  });
}

function textsOf(results: Review['results'], versions: Versions): readonly string[] {
  return Object.values(versions).map((task) => textOf(results, task));
}

function textOf(results: Review['results'], task: string): string {
  return results.get(task)?.response ?? '';
}

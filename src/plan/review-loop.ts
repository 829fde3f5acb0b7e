import type { ReviewVerdict } from '../contracts/review.ts';
import { normalisedAnswer } from './answer-form.ts';
import { findLoop } from './loops.ts';

/** What a round of a review is compared by: the texts that were judged, and what was said of them. */
export function judgedForm(texts: readonly string[], { feedback, issues }: ReviewVerdict): string {
  const faults = issues.map(({ task, text }) => [task ?? null, normalisedAnswer(text)]);
  return JSON.stringify([texts.map(normalisedAnswer), normalisedAnswer(feedback), faults]);
}

/**
 * Whether another revision would only repeat what was: the same text has the same feedback as in the round before, or rounds repeat in a
 * longer pattern. A single round that comes again is no retry here, since nothing has changed that could change the verdict.
 */
export function goesRound(history: readonly string[]): boolean {
  return (history.length > 1 && history.at(-1) === history.at(-2)) || findLoop(history)?.reason === 'repeated';
}

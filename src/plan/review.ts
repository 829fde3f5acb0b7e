import { type ReviewSpec, ReviewVerdict } from '../contracts/review.ts';
import { ownJsonObjectIn } from './json-answer.ts';
import { goesRound } from './review-loop.ts';

/** What is known of a review when its reviewer has answered, or could not. */
export type ReviewState = {
  readonly spec: ReviewSpec;
  /** Rounds of revision so far. */
  readonly revisions: number;
  /** Reviewers' answers in a row that held no verdict, this one included. */
  readonly unreadable: number;
  /** Undefined when the answer held none. */
  readonly verdict: ReviewVerdict | undefined;
  /** Why there is no answer at all; undefined when there is one. */
  readonly failure: string | undefined;
  /** The reviewed tasks. */
  readonly tasks: readonly string[];
  /** What was judged and how, per verdict in order, this one included (judgedForm). */
  readonly history: readonly string[];
};

export type NextReview =
  | { readonly kind: 'accept' }
  | { readonly kind: 'revise'; readonly tasks: readonly string[] }
  | { readonly kind: 'ask_again' }
  | { readonly kind: 'escalate'; readonly reason: string }
  | { readonly kind: 'critical'; readonly reason: string };

/** The verdict in a reviewer's answer; undefined for prose, another form, or one that is quoted from the reviewed texts. */
export function verdictIn(answer: string, work: readonly string[]): ReviewVerdict | undefined {
  return ReviewVerdict.safeParse(ownJsonObjectIn(answer, work)).data;
}

/** What follows a review (the seed's supervisor): its end, another revision by those it names, or escalation after the last. */
export function nextReview({ spec, revisions, unreadable, verdict, failure, tasks, history }: ReviewState): NextReview {
  if (failure !== undefined) return { kind: 'escalate', reason: `The reviewer gave no verdict: ${failure}` };
  if (verdict === undefined && unreadable < 2) return { kind: 'ask_again' };
  if (verdict === undefined) return { kind: 'escalate', reason: 'The reviewer did not answer with a verdict.' };
  if (verdict.critical) return { kind: 'critical', reason: verdict.feedback };
  if (isAccepted(verdict, spec)) return { kind: 'accept' };
  const wanted = revisable(verdict, spec, tasks);
  if (wanted.length === 0) return { kind: 'escalate', reason: 'What the reviewer wants changed may not be revised.' };
  if (revisions < spec.max_revisions && goesRound(history))
    return { kind: 'escalate', reason: 'loop_detected: the same text got the same feedback again.' };
  if (revisions < spec.max_revisions) return { kind: 'revise', tasks: wanted };
  return { kind: 'escalate', reason: `Not accepted after ${revisions} revision(s).` };
}

/** Accepted in word and in score; a verdict without a score is taken at its word. */
function isAccepted({ acceptable, score }: ReviewVerdict, { min_score }: ReviewSpec): boolean {
  return acceptable && (score ?? 1) >= min_score;
}

/** Those that the verdict names, if it names any of the reviewed; otherwise all that may be revised. */
function revisable({ issues }: ReviewVerdict, { revise }: ReviewSpec, tasks: readonly string[]): readonly string[] {
  const allowed = tasks.filter((task) => revise === undefined || revise.includes(task));
  const named = tasks.filter((task) => issues.some((issue) => issue.task === task));
  return named.length === 0 ? allowed : allowed.filter((task) => named.includes(task));
}

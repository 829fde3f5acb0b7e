import type { BatonError } from '../../contracts/error.ts';
import type { Child, Round } from '../../contracts/round.ts';
import type { Said } from '../../journal/record-round.ts';
import type { Claimed } from '../attempt.ts';
import type { Delivery } from '../task-result.ts';

/** Where a task that works through others stands: every child of every round has a result. */
export type Standing = Claimed & {
  /** In order; empty at its first look. */
  readonly rounds: readonly Round[];
};

/** Adds tasks and waits for all of them. */
export type Spawn = { readonly kind: 'spawn'; readonly children: readonly Child[]; readonly note?: unknown };

/** Ends with a result; `asks`: a human sees it first, as with an approval after the task. */
export type Complete = { readonly kind: 'complete'; readonly delivery: Delivery; readonly asks?: boolean };

/** How it goes on, and what is said of it. */
export type Step = (Spawn | Complete | { readonly kind: 'fail'; readonly reason: BatonError }) & {
  readonly says?: readonly Said[];
  /** Hears that what it says was said by this very look, and not by one before it; at most once. */
  readonly onCounted?: () => void;
};

/**
 * One way to work through others, such as map. It is asked again whenever the children that it added have ended, also by another
 * worker and after a crash: what was decided once is in the rounds. Throws a BatonError that is not worth another try to fail the task.
 */
export type Pattern = (standing: Standing) => Promise<Step>;

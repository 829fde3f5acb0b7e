import type { InspectedTask, Inspection } from './inspect-run.ts';

/** What keeps a run from going on by itself. */
export type Finding =
  /** Accepted and not planned, or planned and not submitted whole, and no job is there that would do it. */
  | { readonly kind: 'not_submitted' }
  /** Told to stop, and nobody will end it. */
  | { readonly kind: 'not_closed' }
  | { readonly kind: 'past_deadline' }
  /** A task whose job is gone or has ended without a result. */
  | { readonly kind: 'lost'; readonly task: InspectedTask }
  /** A task that has settled while others still wait for it. */
  | { readonly kind: 'unresolved'; readonly task: InspectedTask }
  /** A task that waits for nothing more. */
  | { readonly kind: 'unreleased'; readonly task: InspectedTask }
  /** All tasks have settled, and the root will not run. */
  | { readonly kind: 'no_root' }
  | { readonly kind: 'root_unreleased' }
  /** Nobody decided a question in time, and its default was not taken. */
  | { readonly kind: 'ask_expired'; readonly id: string }
  | { readonly kind: 'timer_lost'; readonly join: string; readonly timer: 'grace' | 'timeout'; readonly round: number };

/** A timer's job may be a little late without being lost. */
const LATE_MS = 1_000;

/** Everything wrong with a run, in the order in which it is to be mended; empty for one that goes on by itself. */
export function findingsOf(run: Inspection): readonly Finding[] {
  if (run.stop !== null) return run.closeJob.state === 'alive' ? [] : [{ kind: 'not_closed' }];
  if (run.deadlineAt !== undefined && run.deadlineAt + LATE_MS < run.now) return [{ kind: 'past_deadline' }];
  const expired = askFindings(run);
  if (!run.planned || !run.submitted) return run.planJob.state === 'alive' ? expired : [{ kind: 'not_submitted' }];
  return [
    ...expired,
    ...run.tasks.flatMap((task) => taskFindings(run, task)),
    ...rootFindings(run),
    ...timerFindings(run),
  ];
}

function taskFindings(run: Inspection, task: InspectedTask): readonly Finding[] {
  if (task.result === undefined) {
    if (task.state === 'missing' && isToCome(run, task)) return [];
    if (task.state !== 'alive') return [{ kind: 'lost', task }];
    return task.isWaiting && task.waitsFor.length === 0 ? [{ kind: 'unreleased', task }] : [];
  }
  const isAwaited = [run.root, ...run.tasks].some((other) => other.waitsFor.includes(task.key));
  return task.state !== 'alive' && isAwaited ? [{ kind: 'unresolved', task }] : [];
}

/** A map task adds those of its children's jobs that are not there whenever it runs: only while it waits for them is one gone. */
function isToCome(run: Inspection, { parent }: InspectedTask): boolean {
  const map = run.tasks.find(({ id }) => id === parent);
  return map?.state === 'alive' && map.result === undefined && !map.isWaiting;
}

function rootFindings({ root, tasks }: Inspection): readonly Finding[] {
  if (root.isWaiting && root.waitsFor.length === 0) return [{ kind: 'root_unreleased' }];
  const isDone = tasks.every(({ result, parent }) => parent !== undefined || result !== undefined);
  return isDone && root.state !== 'alive' ? [{ kind: 'no_root' }] : [];
}

function askFindings({ asks, now }: Inspection): readonly Finding[] {
  return asks.flatMap(({ id, expiresAt }): readonly Finding[] =>
    expiresAt + LATE_MS < now ? [{ kind: 'ask_expired', id }] : [],
  );
}

function timerFindings({ joins, now }: Inspection): readonly Finding[] {
  return joins.flatMap(({ task: join, graceAt, timeoutAt, round }): readonly Finding[] => {
    const isOver = (at: number | undefined): boolean => at !== undefined && at + LATE_MS < now;
    if (isOver(graceAt)) return [{ kind: 'timer_lost', join, timer: 'grace', round: 1 }];
    return isOver(timeoutAt) ? [{ kind: 'timer_lost', join, timer: 'timeout', round }] : [];
  });
}

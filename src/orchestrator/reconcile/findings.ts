import type { SessionPlace } from '../../contracts/session.ts';
import type { InspectedTask, Inspection } from './inspect-run.ts';

/** What keeps a run from going on by itself. */
export type Finding =
  /** Accepted and not planned, or planned and not submitted whole, and no job is there that would do it. */
  | { readonly kind: 'not_submitted' }
  /** It waits for earlier runs of its session, which have ended, or which it is to end. */
  | { readonly kind: 'turn_due'; readonly place: SessionPlace }
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
  if (run.hasMoved) return [];
  if (run.stop !== null) return run.closeJob.state === 'alive' ? [] : [{ kind: 'not_closed' }];
  if (run.deadlineAt !== undefined && run.deadlineAt + LATE_MS < run.now) return [{ kind: 'past_deadline' }];
  if (run.turn.state !== 'free') return run.turn.state === 'due' ? [{ kind: 'turn_due', place: run.turn.place }] : [];
  const expired = askFindings(run);
  if (!run.planned || !run.submitted) return run.planJob.state === 'alive' ? expired : [{ kind: 'not_submitted' }];
  return [...expired, ...flowFindings(run), ...rootFindings(run), ...timerFindings(run)];
}

function flowFindings(run: Inspection): readonly Finding[] {
  const awaited = new Set([run.root, ...run.tasks].flatMap(({ waitsFor }) => waitsFor));
  const known = new Map(run.tasks.map((task) => [task.id, task]));
  return run.tasks.flatMap((task): readonly Finding[] => {
    if (task.isSettled) return task.state !== 'alive' && awaited.has(task.key) ? [{ kind: 'unresolved', task }] : [];
    if (isToCome(task, known.get(task.addedFor ?? ''))) return [];
    if (isLost(task, known.get(task.parent ?? ''))) return [{ kind: 'lost', task }];
    return task.isWaiting && task.waitsFor.length === 0 ? [{ kind: 'unreleased', task }] : [];
  });
}

/** A patch counts before its jobs are there: the task that it makes up for adds them before it settles. */
function isToCome({ state }: InspectedTask, cause: InspectedTask | undefined): boolean {
  return state === 'missing' && cause !== undefined && !cause.isSettled && cause.state === 'alive';
}

/** A map task that has not stepped out adds those of its children that have no job. */
function isLost({ state }: InspectedTask, map: InspectedTask | undefined): boolean {
  if (state === 'alive') return false;
  return state === 'ended' || map === undefined || map.isWaiting || map.state !== 'alive';
}

function rootFindings({ root, tasks }: Inspection): readonly Finding[] {
  if (root.isWaiting && root.waitsFor.length === 0) return [{ kind: 'root_unreleased' }];
  const isDone = tasks.every(({ isSettled, parent }) => parent !== undefined || isSettled);
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

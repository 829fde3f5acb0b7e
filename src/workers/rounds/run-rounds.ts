// A task that works through others: its job adds children and steps out; when all of them have ended it comes back and decides again.
import { randomUUID } from 'node:crypto';
import { BatonError } from '../../contracts/error.ts';
import { ORCHESTRATOR } from '../../contracts/ids.ts';
import { limits } from '../../contracts/limits.ts';
import type { TaskResult } from '../../contracts/result.ts';
import type { Child, Round } from '../../contracts/round.ts';
import type { Verdict } from '../../contracts/verdict.ts';
import { addChildren } from '../../flow/add-children.ts';
import { loadRounds } from '../../journal/load-rounds.ts';
import { measureResults } from '../../journal/measure-results.ts';
import { recordRound } from '../../journal/record-round.ts';
import { settleOrAsk } from '../approval.ts';
import { type Claimed, claimWork, type Work } from '../attempt.ts';
import { refusalOf, verdictWithoutAttempt } from '../refusal.ts';
import { sayWhole } from '../say-whole.ts';
import { completedResult, unfinishedResult } from '../task-result.ts';
import type { Complete, Pattern, Standing, Step } from './pattern.ts';

/** How soon a task looks again whose children are under way although its job does not wait for them. */
const LOOK_AGAIN_MS = 1_000;

/** When a task that has decided before decides again, and how it waits until then. `rounds` are all of them; both are harmless to repeat. */
export type Waiting = {
  isOver(work: Work, rounds: readonly Round[]): Promise<boolean>;
  wait(work: Work, rounds: readonly Round[]): Promise<Verdict>;
};

/** For all children that the last round added. */
const forAll: Waiting = {
  isOver: (work, rounds) => haveSettled(work, rounds.at(-1)?.children ?? []),
  wait: (work, rounds) => waitFor(work, rounds.at(-1)?.children ?? []),
};

/** Runs such a task up to its next wait, or to its result. */
export async function runRounds(work: Work, pattern: Pattern, waiting: Waiting = forAll): Promise<Verdict> {
  const rounds = await loadRounds(work.tools.flow.store, work.data.run_id, work.data.task.task_id);
  if (!(await waiting.isOver(work, rounds))) return waiting.wait(work, rounds);
  const claimed = await claimWork(work, { token: randomUUID(), announce: rounds.length === 0 ? [started(work)] : [] });
  if (!('claim' in claimed)) return verdictWithoutAttempt(work, claimed);
  const refused = refusalOf({ ...claimed, looks: rounds.length })?.result;
  if (refused !== undefined) return record(claimed, refused);
  // What only said how it ended is decided again: the same, and it is not said twice.
  const standing = { ...claimed, rounds: rounds.filter(({ children, note }) => children.length > 0 || note !== null) };
  try {
    return await take({ standing, waiting }, await pattern(standing));
  } catch (thrown) {
    if (isFault(thrown)) return fail(standing, thrown);
    throw thrown;
  }
}

/** Whether something is wrong with what the task was given, so that another try would find the same: the task fails. */
export function isFault(thrown: unknown): thrown is BatonError {
  return thrown instanceof BatonError && !thrown.retryable && thrown.code !== 'internal';
}

function started({ tools }: Work) {
  const detail = { worker: tools.worker };
  return { name: 'task.started', agent_id: ORCHESTRATOR, data: 'Looking at its inputs...', detail } as const;
}

async function haveSettled({ tools, data }: Work, children: readonly Child[]): Promise<boolean> {
  const ids = children.map(({ task }) => task.task_id);
  return (await measureResults(tools.flow.store, data.run_id, ids)).settled === ids.length;
}

type Deciding = { readonly standing: Standing; readonly waiting: Waiting };

async function take({ standing, waiting }: Deciding, step: Step): Promise<Verdict> {
  const round: Round = step.kind === 'spawn' ? { children: [...step.children], note: step.note ?? null } : ended;
  if (step.kind === 'spawn' || step.says !== undefined) {
    const decided = await decide(standing, round, step);
    if (decided === undefined) return { kind: 'again', delayMs: 0 };
    const isLast = decided.children.length === 0 && decided.note === null;
    if (!isLast) return waiting.wait(standing.work, [...standing.rounds, decided]);
  }
  switch (step.kind) {
    case 'complete':
      return complete(standing, step);
    case 'fail':
      return fail(standing, step.reason);
    case 'spawn':
      return { kind: 'again', delayMs: 0 }; // nothing to wait for: the next look decides
    default:
      return step satisfies never;
  }
}

const ended: Round = { children: [], note: null };

/** The round that counts: the first one recorded in its place. Undefined when the run ends. */
async function decide({ work, claim, rounds }: Standing, round: Round, { says = [], onCounted }: Step) {
  const { task, run_id: run } = work.data;
  const at = { run, task: task.task_id, epoch: claim.epoch, place: rounds.length };
  return recordRound(work.tools.flow.store, { ...at, round, says, onCounted });
}

/** A worker may have died after the decision: every child that has no job gets one. */
async function waitFor(work: Work, children: readonly Child[]): Promise<Verdict> {
  if (children.length === 0) return { kind: 'again', delayMs: 0 };
  await addChildren(work.tools.flow, { data: work.data, job: work.job, priority: work.priority, children });
  return { kind: 'wait', elseMs: LOOK_AGAIN_MS };
}

function fail(claimed: Claimed, reason: BatonError): Promise<Verdict> {
  const { tools, data } = claimed.work;
  tools.report({ run: data.run_id, task: data.task.task_id, error: reason });
  return record(claimed, unfinishedResult(headOf(claimed), 'failed', reason));
}

async function complete(claimed: Claimed, { delivery, asks }: Complete): Promise<Verdict> {
  if (delivery.response.length > limits.outputChars) return fail(claimed, new BatonError('output_too_large'));
  const result = { ...completedResult(headOf(claimed), delivery), streaming_mode: 'static' as const };
  await sayWhole(claimed, result);
  return record(claimed, result, asks);
}

function headOf({ work, claim }: Claimed) {
  return { task: work.data.task.task_id, epoch: claim.epoch, agent: undefined, latencyMs: claim.elapsedMs };
}

function record({ work, claim }: Claimed, result: TaskResult, asks?: boolean): Promise<Verdict> {
  return settleOrAsk(work, { epoch: claim.epoch, result, ...(asks === undefined ? {} : { asks }) });
}

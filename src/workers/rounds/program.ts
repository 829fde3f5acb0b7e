import { BatonError, errorCodeOf } from '../../contracts/error.ts';
import { limits } from '../../contracts/limits.ts';
import type { Child } from '../../contracts/round.ts';
import { addChildren } from '../../flow/add-children.ts';
import { awaitSteps, wakingEdge } from '../../flow/await-steps.ts';
import { loadResultsOf } from '../../journal/load-results.ts';
import { measureResults } from '../../journal/measure-results.ts';
import { readProgramAnswer } from '../../plan/program-answer.ts';
import { programAsk, type StepPlace, stepChildren, withLog, withoutLog } from '../../plan/program-steps.ts';
import type { Work } from '../attempt.ts';
import type { Pattern, Spawn, Standing, Step } from './pattern.ts';
import {
  branchOf,
  type Decided,
  decidedBy,
  type GivenStep,
  loadEnded,
  loadLog,
  type ProgramNote,
} from './program-state.ts';
import { isFault, type Waiting } from './run-rounds.ts';

/** How soon it looks again when its steps had ended before it could step out. */
const LOOK_AGAIN_MS = 20;

/**
 * A program: its agent is asked, by a task of its own, what comes next; its answer is steps, which become tasks, or the end. It is asked again
 * with what they gave, and so on. Nothing of it lives anywhere but in the rounds, so it may wait for days and survive every process.
 */
export const program: Pattern = async (standing) => {
  const decided = decidedBy(standing.rounds);
  try {
    return await (decided.last?.note.phase === 'ask' ? follow(standing, decided) : ask(standing, decided));
  } catch (thrown) {
    if (isFault(thrown)) await cancelAll(standing, decided);
    throw thrown;
  }
};

async function ask(standing: Standing, { steps, told, place }: Decided): Promise<Spawn> {
  const { work, entry } = standing;
  const ended = await loadEnded(work, steps);
  const fresh = steps.map(({ key }) => key).filter((key) => ended.has(key) && !told.includes(key));
  const log = await loadLog(work, steps, [...told, ...fresh]);
  const child = programAsk(placeOf(standing, place, new Map()), entry.inputs, log);
  const { longBytes } = await measureResults(work.tools.flow.store, work.data.run_id, child.task.depends_on);
  if (longBytes > limits.contextBytes)
    throw new BatonError(
      'output_too_large',
      `What the steps gave has ${longBytes} bytes; a program is told of ${limits.contextBytes} at most.`,
    );
  return { kind: 'spawn', children: [withoutLog(child)], note: { phase: 'ask', told: fresh } satisfies ProgramNote };
}

/** What follows from the program's answer. */
async function follow(standing: Standing, decided: Decided): Promise<Step> {
  const { work } = standing;
  const { steps, cancelled, told, place, last } = decided;
  const asked = last?.children[0]?.task.task_id ?? '';
  const found = (await loadResultsOf(work.tools.flow.store, work.data.run_id, [asked])).get(asked);
  if (found?.status !== 'completed') {
    const { code = 'internal', message = 'it has no result' } = found?.error ?? {};
    const reason = new BatonError(codeOfAgent(code), `The program could not be asked: ${message}`);
    return end(standing, decided, { kind: 'fail', reason });
  }
  const isTold = new Set(told);
  const running = new Set(steps.map(({ key }) => key).filter((key) => !isTold.has(key)));
  const keys = [...steps, ...cancelled].map(({ key }) => key);
  const answer = readProgramAnswer(found.response, { keys, ended: isTold, running });
  switch (answer.kind) {
    case 'steps': {
      const idOf = new Map(steps.map(({ key, child }) => [key, child.task.task_id]));
      const children = stepChildren(answer.steps, placeOf(standing, place, idOf));
      const given = answer.steps.map(({ key, digest }) => ({ key, ...(digest !== undefined && { digest }) }));
      const note: ProgramNote = { phase: 'steps', steps: given, wake: answer.wake, cancel: answer.cancel };
      return { kind: 'spawn', children, note };
    }
    case 'result': {
      const delivery = { response: answer.text, confidence: null, usage: null, truncated: false };
      return end(standing, decided, { kind: 'complete', delivery });
    }
    case 'error': {
      const reason = new BatonError(answer.code, answer.message.slice(0, limits.errorChars));
      return end(standing, decided, { kind: 'fail', reason });
    }
    default:
      return answer satisfies never;
  }
}

/** What its agent failed with stays what it was, unless that would have the program itself tried again. */
function codeOfAgent(code: string) {
  const known = errorCodeOf(code);
  return known === 'internal' ? 'program_failed' : known;
}

async function end(standing: Standing, decided: Decided, step: Step): Promise<Step> {
  await cancelAll(standing, decided);
  return step;
}

/** Nobody waits any more for what is under way. */
async function cancelAll({ work, rounds }: Standing, { steps }: Decided): Promise<void> {
  const ended = await loadEnded(work, steps);
  const left = steps.filter(({ key }) => !ended.has(key)).map(({ child }) => branchOf(child));
  if (left.length === 0) return;
  await awaitSteps(work.tools.flow, {
    ...waiterOf(work),
    place: rounds.length,
    steps: [],
    wake: 'all',
    cancelled: left,
  });
}

function waiterOf({ data, job }: Work) {
  return { run: data.run_id, task: data.task.task_id, job };
}

function placeOf({ work, claim }: Standing, place: number, idOf: ReadonlyMap<string, string>): StepPlace {
  const { task } = work.data;
  const leftMs = task.timeout_ms === undefined ? undefined : task.timeout_ms - claim.elapsedMs;
  if (leftMs !== undefined && leftMs <= 0) throw new BatonError('task_timeout');
  return { task, job: work.job, place, idOf, leftMs };
}

/** Until its agent has answered; until all steps have ended, or the next one has, as it wished. */
export const stepwise: Waiting = {
  isOver: async (work, rounds) => {
    const decided = decidedBy(rounds);
    const { last } = decided;
    if (last === undefined) return true;
    const awaited = awaitedBy(decided);
    const ended = await loadEnded(work, awaited);
    return wakeOf(last.note) === 'any' ? ended.size > 0 : ended.size === awaited.length;
  },
  wait: async (work, rounds) => {
    const decided = decidedBy(rounds);
    const { last, cancelled } = decided;
    if (last === undefined) return { kind: 'again', delayMs: 0 };
    const isAsking = last.note.phase === 'ask';
    const unawaited = isAsking ? openSteps(decided) : [];
    // The round before this one was over without a wait when one of its older steps had ended: a worker may have died before its jobs were there.
    await addSteps(
      work,
      unawaited.map(({ child }) => child),
    );
    await (isAsking ? addQuestion(work, decided, last.children) : addSteps(work, last.children));
    await awaitSteps(work.tools.flow, {
      ...waiterOf(work),
      place: rounds.length,
      steps: awaitedBy(decided).map(({ child }) => branchOf(child)),
      wake: wakeOf(last.note),
      cancelled: cancelled.map(({ child }) => branchOf(child)),
      unawaited: unawaited.map(({ child }) => branchOf(child)),
    });
    return { kind: 'wait', elseMs: LOOK_AGAIN_MS };
  },
};

async function addQuestion(work: Work, { steps, told }: Decided, children: readonly Child[]): Promise<void> {
  const log = await loadLog(work, steps, told);
  await addSteps(
    work,
    children.map((child) => withLog(child, log)),
    true,
  );
}

async function addSteps({ tools, data, job, priority }: Work, children: readonly Child[], wholeInputs = false) {
  if (children.length === 0) return;
  const edges = [wakingEdge(data.task.task_id, job)];
  await addChildren(tools.flow, { data, job, priority, children, edges, wholeInputs });
}

/** The question itself, or every step that the program does not know to have ended. */
function awaitedBy(decided: Decided): readonly GivenStep[] {
  return decided.last?.note.phase === 'ask'
    ? decided.last.children.map((child) => ({ key: 'ask', child }))
    : openSteps(decided);
}

function openSteps({ steps, told }: Decided): readonly GivenStep[] {
  return steps.filter(({ key }) => !told.includes(key));
}

function wakeOf(note: ProgramNote): 'all' | 'any' {
  return note.phase === 'ask' ? 'all' : note.wake;
}

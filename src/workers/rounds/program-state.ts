import { z } from 'zod';
import type { BranchRef } from '../../contracts/job.ts';
import type { LoggedProgramStep } from '../../contracts/program.ts';
import { type ProgramStep, programLimits, StepKey } from '../../contracts/program.ts';
import type { TaskResult } from '../../contracts/result.ts';
import type { Child, Round } from '../../contracts/round.ts';
import { loadTaskQuestions } from '../../journal/load-asks.ts';
import { loadHeadsOf, loadOutcomesOf } from '../../journal/load-results.ts';
import type { Work } from '../attempt.ts';

/** What a round of a program was for: a question to it, with the steps that it was told have ended for the first time; or its steps. */
const Note = z.discriminatedUnion('phase', [
  z.object({ phase: z.literal('ask'), told: z.array(StepKey) }),
  z.object({
    phase: z.literal('steps'),
    /** Those of the round's own children. */
    steps: z.array(z.object({ key: StepKey, digest: z.string().optional() })),
    wake: z.enum(['all', 'any']),
    cancel: z.array(StepKey),
  }),
]);
export type ProgramNote = z.infer<typeof Note>;

/** One step and its task. */
export type GivenStep = Pick<ProgramStep, 'key' | 'digest'> & { readonly child: Child };

/** What a program has decided so far: no more than its rounds say. */
export type Decided = {
  readonly last: { readonly note: ProgramNote; readonly children: readonly Child[] } | undefined;
  /** Without those that it has cancelled. */
  readonly steps: readonly GivenStep[];
  readonly cancelled: readonly GivenStep[];
  /** Keys that it was told have ended, in that order. */
  readonly told: readonly string[];
  /** How many children it has. */
  readonly place: number;
};

/** Reads a program's rounds. */
export function decidedBy(rounds: readonly Round[]): Decided {
  const read = rounds.map(({ note, children }) => ({ note: Note.parse(note), children }));
  const given = read.flatMap(({ note, children }) =>
    note.phase === 'steps'
      ? note.steps.flatMap((step, at) => {
          const child = children[at];
          return child === undefined ? [] : [{ ...step, child }];
        })
      : [],
  );
  const gone = new Set(read.flatMap(({ note }) => (note.phase === 'steps' ? note.cancel : [])));
  return {
    last: read.at(-1),
    steps: given.filter(({ key }) => !gone.has(key)),
    cancelled: given.filter(({ key }) => gone.has(key)),
    told: read.flatMap(({ note }) => (note.phase === 'ask' ? note.told : [])),
    place: read.flatMap(({ children }) => children).length,
  };
}

export function branchOf({ task, job }: Child): BranchRef {
  return { task: task.task_id, job };
}

/** Which of these steps have a result. */
export async function loadEnded({ tools, data }: Work, steps: readonly GivenStep[]): Promise<ReadonlySet<string>> {
  const ids = steps.map(({ child }) => child.task.task_id);
  const outcomes = await loadOutcomesOf(tools.flow.store, data.run_id, ids);
  return new Set(steps.flatMap(({ key, child }) => (outcomes.has(child.task.task_id) ? [key] : [])));
}

/** How the steps stand as the program is told: those that have ended first, in the order in which it heard of them. */
export async function loadLog(work: Work, steps: readonly GivenStep[], told: readonly string[]) {
  const byKey = new Map(steps.map((step) => [step.key, step]));
  const ended = told.flatMap((key) => byKey.get(key) ?? []);
  const ids = ended.map(({ child }) => child.task.task_id);
  const results = await loadHeadsOf(work.tools.flow.store, work.data.run_id, ids);
  const log: LoggedProgramStep[] = [];
  for (const step of ended) log.push(await logged(work, step, results.get(step.child.task.task_id)));
  const isTold = new Set(told);
  return [...log, ...steps.filter(({ key }) => !isTold.has(key)).map(running)];
}

function running({ key, digest, child }: GivenStep): LoggedProgramStep {
  return { key, task_id: child.task.task_id, status: 'running', ...(digest !== undefined && { digest }) };
}

async function logged(work: Work, step: GivenStep, result: TaskResult | undefined): Promise<LoggedProgramStep> {
  if (result === undefined) return running(step);
  const { status, agent_id, error } = result;
  const message = (error?.message ?? '').slice(0, programLimits.logChars);
  return {
    ...running(step),
    ...{ status, agent_id },
    ...(error !== null && { error: { code: error.code, message } }),
    ...(step.child.task.kind === 'approval' && { decision: await loadDecision(work, step.child.task.task_id) }),
  };
}

async function loadDecision({ tools, data }: Work, task: string): Promise<'approved' | 'edited' | 'rejected'> {
  const { input } = await loadTaskQuestions(tools.flow.store, data.run_id, task);
  const state = input?.resolution?.state;
  return state === 'approved' || state === 'edited' ? state : 'rejected';
}

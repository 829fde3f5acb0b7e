// Runs a flow's function again with what its steps have given so far, up to where it needs more: the function keeps nothing between two
// runs, so it may wait for days and go on in another process.
import { setImmediate as quiet } from 'node:timers/promises';
import type { z } from 'zod';
import { BatonError, errorCodeOf } from '../contracts/error.ts';
import type { LoggedProgramStep, ProgramFailure, ProgramLog, ProgramStep, ProgramSteps } from '../contracts/program.ts';
import { programLimits } from '../contracts/program.ts';
import type { Outcome } from './handle.ts';
import type { Settled } from './pending.ts';
import { openSteps, type Steps } from './replay-steps.ts';
import { replayTools } from './replay-tools.ts';
import type { Step } from './step.ts';
import { withNames } from './sub-task.ts';
import type { FlowFunction } from './trace-flow.ts';

/** The function, what it is given, and what is known of its steps: `texts` by task id. */
export type Replay = {
  readonly flow: FlowFunction;
  readonly input: unknown;
  readonly log: ProgramLog;
  readonly texts: Readonly<Record<string, string>>;
};

/** Its next steps, in the form in which a program answers; or its end. */
export type Replayed =
  | { readonly answer: z.input<typeof ProgramSteps> | z.input<typeof ProgramFailure> }
  | { readonly value: unknown };

export async function replayFlow({ flow, input, log, texts }: Replay): Promise<Replayed> {
  const steps = openSteps();
  const end: { settled?: Settled } = {};
  void runFlow(() => flow({ ...replayTools(steps), input })).then((settled) => {
    end.settled = settled;
  });
  try {
    await quiet();
    for (const logged of log.steps) {
      if (end.settled !== undefined) break;
      tell(knownStep(steps, logged), logged, texts);
      await quiet();
    }
    return end.settled === undefined ? { answer: nextSteps(steps, log) } : endOf(end.settled);
  } catch (thrown) {
    return { answer: failureOf(thrown) };
  }
}

async function runFlow(flow: () => unknown): Promise<Settled> {
  try {
    return { value: await flow() };
  } catch (error) {
    return { error };
  }
}

function endOf(settled: Settled): Replayed {
  return 'value' in settled ? settled : { answer: failureOf(settled.error) };
}

function failureOf(thrown: unknown): z.input<typeof ProgramFailure> {
  const code =
    thrown instanceof BatonError && thrown.code === 'program_diverged' ? 'program_diverged' : 'program_failed';
  return { error: { code, message: thrown instanceof Error ? thrown.message : String(thrown) } };
}

/** The step that the log speaks of, as it was when it began. Throws program_diverged. */
function knownStep({ all }: Steps, { key, digest }: LoggedProgramStep): Step {
  const step = all.get(key);
  if (step === undefined)
    throw new BatonError(
      'program_diverged',
      `Step "${key}" was begun, and this time the function does not ask for it.`,
    );
  if (digest !== undefined && digest !== step.digest)
    throw new BatonError(
      'program_diverged',
      `Step "${key}" was begun with another task than the function gives it now.`,
    );
  return step;
}

function tell(step: Step, logged: LoggedProgramStep, texts: Replay['texts']): void {
  step.isKnown = true;
  if (logged.status !== 'running') step.pending.settle(settledBy(step, logged, texts[logged.task_id]));
}

function settledBy({ key, sketch }: Step, logged: LoggedProgramStep, text = ''): Settled {
  const { status, error, decision } = logged;
  if (status !== 'completed' && decision === undefined) {
    const { code = 'internal', message = 'no reason was recorded' } = error ?? {};
    return { error: new BatonError(errorCodeOf(code), `Step "${key}" ${status}: ${message}`) };
  }
  const outcome: Outcome = { text, decision };
  try {
    return { value: sketch.read(outcome) };
  } catch (thrown) {
    return { error: thrown };
  }
}

function nextSteps(steps: Steps, log: ProgramLog): z.input<typeof ProgramSteps> {
  const open = [...steps.all.values()].filter(({ pending }) => pending.settled() === undefined);
  const ready = open.filter((step) => !step.isKnown && steps.isReady(step));
  const fresh = ready.slice(0, programLimits.atOnce);
  const running = open.filter(({ isKnown }) => isKnown);
  if (running.length + fresh.length === 0)
    throw new BatonError(
      'program_failed',
      'The function waits for something that is none of its steps; whatever takes time is the work of an agent.',
    );
  const cancel = log.steps.filter(
    ({ key, status }) => status === 'running' && steps.all.get(key)?.isCancelled === true,
  );
  const isWhole = fresh.length + running.length === open.length;
  return {
    steps: fresh.map((step) => toProgramStep(steps, step)),
    cancel: cancel.map(({ key }) => key),
    wake: isWhole && waitsForAll(steps, open) ? 'all' : 'any',
  };
}

/** Whether the function can do nothing before all of these have ended. */
function waitsForAll({ waits }: Steps, open: readonly Step[]): boolean {
  const isOpen = new Set(open);
  const blocking = waits.filter(({ of }) => of.some((step) => isOpen.has(step)));
  return blocking.every(({ of, needsAll }) => needsAll && open.every((step) => of.includes(step)));
}

function toProgramStep(steps: Steps, step: Step): z.input<typeof ProgramStep> {
  // Those that have ended only: what was never begun, still runs or was cancelled has nothing to hand on.
  const depends_on = steps
    .needsOf(step)
    .filter(({ isKnown, isCancelled, pending }) => isKnown && !isCancelled && pending.settled() !== undefined);
  const edges = { depends_on: [...new Set(depends_on.map(({ key }) => key))] };
  const { after: _, ...task } = withNames(step.sketch, edges, (handle) => steps.find(handle).key);
  return { ...task, key: step.key, digest: step.digest };
}

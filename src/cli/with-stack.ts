import { BatonError } from '../contracts/error.ts';
import { type Context, exitCode } from './context.ts';
import { exitCodeOf, type Interruption, openInterruption, type StopSignal } from './interruption.ts';
import { openStack, type Stack, type StackOptions } from './stack.ts';

/** Aborts when the work must end: a signal, a process that dies again and again, or a reader of stdout that has gone. */
export type Work = (stack: Stack, signal: AbortSignal) => Promise<number>;

export type StackRun = Omit<StackOptions, 'interruption'> & {
  /** Exit codes of the signals that are a proper end; by default none is. */
  readonly endings?: Partial<Record<StopSignal, number>>;
};

/**
 * Runs `work` on a stack of its own, stops the stack in any case, and gives the exit code: the work's, or that of the signal that
 * stopped it.
 */
export async function withStack(context: Context, { endings = {}, ...options }: StackRun, work: Work): Promise<number> {
  const interruption = openInterruption();
  const endedBy = (by: StopSignal): number => endings[by] ?? exitCodeOf(by);
  try {
    const stack = await openStack(context, { ...options, interruption });
    const code = await runWork({ context, stack, interruption, work }).finally(stack.close);
    const by = interruption.by();
    return by === undefined ? code : endedBy(by);
  } catch (error) {
    const by = interruption.by();
    if (by === undefined) throw error;
    return endedBy(by);
  }
}

type Parts = {
  readonly context: Context;
  readonly stack: Stack;
  readonly interruption: Interruption;
  readonly work: Work;
};

async function runWork({ context, stack, interruption, work }: Parts): Promise<number> {
  const { gone } = context.output;
  try {
    return await work(stack, AbortSignal.any([interruption.signal, stack.failed, gone]));
  } catch (error) {
    if (stack.failed.aborted) throw BatonError.from(stack.failed.reason);
    if (gone.aborted) return exitCode.completed;
    throw error;
  }
}

import { once } from 'node:events';
import { isStartedByNpm } from '../runtime/config.ts';

/** Conventional exit codes: 128 and the signal's number. */
const exitCodes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;
export type StopSignal = keyof typeof exitCodes;

/** npm passes a terminal's Ctrl-C on to a process that has got it from the terminal already: that is no second one. */
const ECHO_MS = 500;

/** How often a process that npm started looks whether its parent is still there. */
const PARENT_MS = 500;

/** What a person or a service manager says to a command that runs: stop, and the second time, now. */
export type Interruption = {
  /** Aborts with the first signal. */
  readonly signal: AbortSignal;
  /** Which signal it was; undefined while none came. */
  by(): StopSignal | undefined;
  /** Called before the process exits on a second signal, to take down what would survive it. */
  onSecond(kill: () => void): void;
};

/** Takes the process's signals over, for as long as it lives: the default would end it without its exit hooks. */
export function openInterruption(): Interruption {
  const controller = new AbortController();
  const kills: (() => void)[] = [];
  let first: { readonly by: StopSignal; readonly at: number } | undefined;

  const onSignal = (by: StopSignal): void => {
    if (first === undefined) {
      first = { by, at: performance.now() };
      controller.abort();
      return;
    }
    if (performance.now() - first.at < ECHO_MS) return;
    for (const kill of kills) kill();
    process.exit(exitCodes[by]);
  };
  const signals = Object.keys(exitCodes) as StopSignal[]; // keys of a const object
  for (const name of signals) process.on(name, onSignal);
  if (isStartedByNpm()) watchParent(() => onSignal('SIGHUP'));
  return {
    signal: controller.signal,
    by: () => first?.by,
    onSecond: (kill) => void kills.push(kill),
  };
}

/** A signal that ends npm alone reaches nobody below it; what it started would live on, unseen. */
function watchParent(onGone: () => void): void {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    onGone();
  }, PARENT_MS);
  timer.unref();
}

/** The exit code of a command that a signal has stopped. */
export function exitCodeOf(by: StopSignal): number {
  return exitCodes[by];
}

/** Waits for the first of several signals. */
export async function whenAborted(signals: readonly AbortSignal[]): Promise<void> {
  const any = AbortSignal.any([...signals]);
  if (!any.aborted) await once(any, 'abort');
}

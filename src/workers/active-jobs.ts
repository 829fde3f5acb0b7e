import { BatonError } from '../contracts/error.ts';

/** A job in work: its one signal, whatever ends it. */
export type ActiveJob = { readonly signal: AbortSignal; close(): void };

/** Whose job it is. `task` is empty for a run-level job. */
export type JobOwner = { readonly run: string; readonly task: string };

/** Why jobs are aborted from outside. */
type AbortCode = 'cancelled' | 'lock_lost' | 'draining' | 'late' | 'redispatched';

type Entry = JobOwner & {
  readonly job: string;
  readonly controller: AbortController;
  readonly ended: PromiseWithResolvers<void>;
};

/** The jobs this process works on, so that a stop, a lost lock and a drain reach them. */
export class ActiveJobs {
  /** By entry, not by id: a stalled job may be back in this very process while its first attempt still runs. */
  readonly #entries = new Set<Entry>();
  #draining = false;

  /** Registers a job BEFORE its run's stop is read: a stop is seen either there or here. */
  open(job: string, owner: JobOwner): ActiveJob {
    const entry = { job, ...owner, controller: new AbortController(), ended: Promise.withResolvers<void>() };
    this.#entries.add(entry);
    if (this.#draining) entry.controller.abort(new BatonError('draining'));
    const close = (): void => {
      this.#entries.delete(entry);
      entry.ended.resolve();
    };
    return { signal: entry.controller.signal, close };
  }

  /** Resolves when this process no longer works on a job: one that comes back here may have its result under way. */
  whenFree(job: string): Promise<void> {
    return this.#whenEnded((entry) => entry.job === job);
  }

  /** Resolves when this process works on nothing that it works on now. */
  whenIdle(): Promise<void> {
    return this.#whenEnded(() => true);
  }

  /** Aborts the jobs of a run that is told to stop. */
  stopRun(run: string): void {
    this.#abort('cancelled', (entry) => entry.run === run);
  }

  /** Aborts single tasks of a run: a join went on without them, or gave them to other agents. */
  abortTasks(run: string, tasks: readonly string[], code: 'late' | 'redispatched'): void {
    this.#abort(code, (entry) => entry.run === run && tasks.includes(entry.task));
  }

  /** Aborts a job whose lock was not renewed: another worker may have it. */
  loseLock(job: string): void {
    this.#abort('lock_lost', (entry) => entry.job === job);
  }

  /** Aborts everything, and whatever still begins: the jobs are handed back. */
  drain(): void {
    this.#draining = true;
    this.#abort('draining', () => true);
  }

  async #whenEnded(concerns: (entry: Entry) => boolean): Promise<void> {
    await Promise.all([...this.#entries].filter(concerns).map(({ ended }) => ended.promise));
  }

  #abort(code: AbortCode, concerns: (entry: Entry) => boolean): void {
    for (const entry of this.#entries) if (concerns(entry)) entry.controller.abort(new BatonError(code));
  }
}

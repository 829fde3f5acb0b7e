import { BatonError } from '../contracts/error.ts';

/** A job in work: its one signal, whatever ends it. */
export type ActiveJob = { readonly signal: AbortSignal; close(): void };

/** The jobs this process works on, so that a cancel, a lost lock and a drain reach them. */
export class ActiveJobs {
  readonly #jobs = new Map<string, { readonly run: string; readonly controller: AbortController }>();

  /** Registers a job BEFORE its cancel flag is read: a cancel is seen either there or here. */
  open(job: string, run: string): ActiveJob {
    const controller = new AbortController();
    const entry = { run, controller };
    this.#jobs.set(job, entry);
    return {
      signal: controller.signal,
      close: () => {
        if (this.#jobs.get(job) === entry) this.#jobs.delete(job); // a stalled job may be back in this very process
      },
    };
  }

  /** Aborts the jobs of a cancelled run. */
  cancelRun(run: string): void {
    for (const job of this.#jobs.values()) if (job.run === run) job.controller.abort(new BatonError('cancelled'));
  }

  /** Aborts a job whose lock was not renewed: another worker may have it. */
  loseLock(job: string): void {
    this.#jobs.get(job)?.controller.abort(new BatonError('lock_lost'));
  }

  /** Aborts everything: the jobs are handed back. */
  drain(): void {
    for (const job of this.#jobs.values()) job.controller.abort(new BatonError('draining'));
  }

  get size(): number {
    return this.#jobs.size;
  }
}

import { setTimeout as delay } from 'node:timers/promises';
import { BatonError } from '../contracts/error.ts';
import { defaults } from '../contracts/limits.ts';
import type { Ready } from '../runtime/ready.ts';
import { type Child, startChild } from './child.ts';
import { openRestartBudget, type RestartBudget } from './restart-budget.ts';

/** As long as a child waits for a Redis that is just starting, and its own start on a busy machine. */
const READY_MS = 30_000;
/** A child that drains has this much longer than its own drain. */
const MARGIN_MS = 5_000;
/** However long the others took. */
const LEAST_MS = 1_000;

export type ChildSpec = Readonly<{
  name: string;
  /** `before` is what it said when it was first ready: one that listens on a free port must come back on the same. */
  args: (before: Ready | undefined) => readonly string[];
  env: NodeJS.ProcessEnv;
  /** Children are stopped phase by phase, the lowest first, those of one phase together. */
  stopPhase: number;
}>;

export type SupervisorOptions = Readonly<{
  /** The script of all children. */
  entry: string;
  /** Told what happens to children, in sentences. */
  say: (line: string) => void;
  readyMs?: number;
  /** Milliseconds for all children to stop in; then they are killed. */
  stopMs?: number;
  /** One for each child. */
  openBudget?: () => RestartBudget;
}>;

type Member = { readonly spec: ChildSpec; readonly budget: RestartBudget; child: Child; first: Ready | undefined };

/** Keeps child processes alive. Whoever opens it closes it. */
export class Supervisor implements AsyncDisposable {
  readonly #options: SupervisorOptions;
  readonly #members: Member[] = [];
  readonly #stopping = new AbortController();
  readonly #failed = new AbortController();
  #closing: Promise<void> | undefined;

  constructor(options: SupervisorOptions) {
    this.#options = options;
  }

  /** Aborts, with a BatonError as its reason, when a child dies too often. */
  get failed(): AbortSignal {
    return this.#failed.signal;
  }

  /** Starts a child and waits until it is ready; from then on it is started again when it dies. Throws when it does not get ready. */
  async start(spec: ChildSpec): Promise<Ready> {
    this.#stopping.signal.throwIfAborted();
    const budget = (this.#options.openBudget ?? openRestartBudget)();
    const member: Member = { spec, budget, child: this.#launch(spec, undefined), first: undefined };
    this.#members.push(member);
    member.first = await member.child.ready;
    void this.#watch(member);
    return member.first;
  }

  /** The process number a child has now; undefined for an unknown name. */
  pidOf(name: string): number | undefined {
    return this.#members.find(({ spec }) => spec.name === name)?.child.pid;
  }

  /** Kills all children at once. */
  kill(): void {
    for (const { child } of this.#members) child.kill();
  }

  close(): Promise<void> {
    this.#closing ??= this.#stopAll();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #launch({ name, args, env }: ChildSpec, before: Ready | undefined): Child {
    const { entry, readyMs = READY_MS } = this.#options;
    return startChild({ name, entry, args: args(before), env, readyMs });
  }

  /** Runs until the supervisor stops: a child's life after the other. */
  async #watch(member: Member): Promise<void> {
    const { name } = member.spec;
    const { signal } = this.#stopping;
    for (;;) {
      const status = await member.child.exited;
      if (signal.aborted) return;
      const waitMs = member.budget.spend(Date.now());
      if (waitMs === null) return this.#giveUp(name, status);
      const what = `the ${name} process (${member.child.pid}) ended unexpectedly (${status})`;
      this.#options.say(`${what}; starting it again in ${waitMs} ms`);
      await delay(waitMs, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      await this.#restart(member);
    }
  }

  async #restart(member: Member): Promise<void> {
    member.child = this.#launch(member.spec, member.first);
    // One that does not get ready ends, and its end is handled like any other.
    const ready = await member.child.ready.catch(() => undefined);
    if (ready !== undefined) this.#options.say(`the ${member.spec.name} process is back (${member.child.pid})`);
  }

  #giveUp(name: string, status: string): void {
    const text = `The ${name} process died again and again within a minute (last: ${status}): stopping everything.`;
    this.#failed.abort(new BatonError('internal', text));
  }

  async #stopAll(): Promise<void> {
    this.#stopping.abort(new BatonError('draining'));
    const deadline = Date.now() + (this.#options.stopMs ?? defaults.drainMs + MARGIN_MS);
    const phases = [...new Set(this.#members.map(({ spec }) => spec.stopPhase))].toSorted((a, b) => a - b);
    for (const phase of phases) {
      const group = this.#members.filter(({ spec }) => spec.stopPhase === phase);
      const timeoutMs = Math.max(LEAST_MS, deadline - Date.now());
      await Promise.all(group.map(({ child }) => child.stop(timeoutMs)));
    }
  }
}
